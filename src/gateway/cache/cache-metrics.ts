import type { Counter, Metrics } from "../../telemetry/index.ts";
import type { EntryStore } from "./core/entry-store.ts";

/** Counts what a cache does, and tells how full it is. The counter's one label is how a request was answered. */
export function cacheMetrics(metrics: Metrics, store: EntryStore, bytesMax: number): Counter {
  metrics.gauge({ name: "dure_gateway_cache_entries", help: "answers that are stored" }, () => [
    [[], store.count],
  ]);
  metrics.gauge({ name: "dure_gateway_cache_bytes", help: "what the stored answers weigh" }, () => [
    [[], store.bytes],
  ]);
  metrics.gauge(
    { name: "dure_gateway_cache_bytes_max", help: "what stored answers may weigh together" },
    () => [[[], bytesMax]],
  );
  return metrics.counter({
    name: "dure_gateway_cache_answers_total",
    help: "requests that came to the cache, by how they were answered",
    labels: ["how"],
  });
}

/** Counts what becomes of the answers that gateways share, and tells whether they can be had. */
export function sharedMetrics(metrics: Metrics, isThere: () => boolean): Counter {
  metrics.gauge(
    { name: "dure_gateway_cache_redis_up", help: "whether answers are shared through Redis now" },
    () => [[[], isThere() ? 1 : 0]],
  );
  return metrics.counter({
    name: "dure_gateway_cache_redis_total",
    help: "what was asked of the answers in Redis, by what came of it",
    labels: ["outcome"],
  });
}
