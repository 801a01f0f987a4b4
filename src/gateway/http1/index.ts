/** http1: the HTTP engine, our own on `node:net`. */
export { type HttpEngine, type HttpEngineOptions, listenHttp } from "./listen-http.ts";
