export { Upstream } from "./upstream.ts";
export { UpstreamFailure } from "./upstream-failure.ts";
export { type UpstreamRequest, upstreamRequest } from "./upstream-request.ts";
