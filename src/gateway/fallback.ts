import type { Exchange } from "./exchange.ts";
import type { Fallback } from "./open-route.ts";

/** Answers with what a route has for the case that nobody else does; false if it has nothing. No cache may keep it. */
export function answerFallback(exchange: Exchange, fallback: Fallback | undefined): boolean {
  if (fallback?.body === undefined) return false;
  const headers = [
    ["content-type", fallback.contentType],
    ["cache-control", "no-store"],
  ] as const;
  exchange.answer(fallback.status, headers, fallback.body);
  return true;
}
