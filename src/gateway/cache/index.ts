/** A shared HTTP cache by RFC 9111; `http-cache.ts` shows the way of a request through it, `core/` decides. */
export type { AnswerStore } from "./answer-store.ts";
export { isSafe } from "./core/invalidation.ts";
export { keyLabel } from "./core/labels.ts";
export { HttpCache } from "./http-cache.ts";
export { type AskOrigin, type CacheRequest, isPlain, keyOf } from "./passage.ts";
