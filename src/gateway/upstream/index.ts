export { upstreamLimits } from "./limits.ts";
export { Upstream } from "./upstream.ts";
export { type UpstreamRequest, upstreamRequest } from "./upstream-request.ts";
export type { UpstreamTlsOptions } from "./upstream-tls.ts";
