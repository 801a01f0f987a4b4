/** http1: the HTTP engine, our own on `node:net`. */
export type { Http1Limits } from "./limits.ts";
export {
  type ConnectionSource,
  type HttpEngine,
  type HttpEngineOptions,
  listenHttp,
} from "./listen-http.ts";
