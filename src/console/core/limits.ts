/** What holds calls back, and what caches do, as one node measured it. */
import type { z } from "zod";
import type { CacheStatistics, NodeLimits } from "../schemas/edge.ts";
import type { CounterRate, Measured } from "./node-meter.ts";

/** Undefined for a node that neither serves nor calls nor limits. */
export function limitsOf(node: string, measured: Measured): z.infer<typeof NodeLimits> | undefined {
  const { gauges, counters } = measured;
  const inFlight = gauges("dure_server_in_flight")[0];
  const callees = calleesOf(measured);
  const policies = policiesOf(measured);
  if (!inFlight && callees.length === 0 && policies.length === 0) return undefined;
  return {
    node,
    inFlight: inFlight?.total ?? 0,
    concurrencyMax: gauges("dure_server_concurrency_limit")[0]?.total ?? null,
    refused: counters("dure_server_refused_total").map(({ labels, perS }) => ({
      service: labels.service ?? "",
      operation: labels.operation ?? "",
      code: labels.code ?? "",
      perS,
    })),
    callees,
    policies,
  };
}

/** Undefined for a node without a cache. */
export function cacheOf(
  node: string,
  { gauges, counters }: Measured,
): z.infer<typeof CacheStatistics> | undefined {
  const entries = gauges("dure_gateway_cache_entries")[0];
  if (!entries) return undefined;
  return {
    node,
    entries: entries.total,
    bytes: gauges("dure_gateway_cache_bytes")[0]?.total ?? 0,
    bytesMax: gauges("dure_gateway_cache_bytes_max")[0]?.total ?? 0,
    answers: counters("dure_gateway_cache_answers_total").map(({ labels, total, perS }) => ({
      how: labels.how ?? "",
      total,
      perS,
    })),
  };
}

function calleesOf({ gauges, counters }: Measured) {
  const instances = gauges("dure_client_instances");
  const services = [...new Set(instances.map(({ labels }) => labels.service ?? ""))];
  const retries = counters("dure_client_retries_total");
  const pending = gauges("dure_client_pending");
  const throttled = gauges("dure_client_throttled_share");
  return services.map((service) => {
    const of = <Each extends Pick<CounterRate, "labels">>(all: readonly Each[], breaker?: string) =>
      all.find(
        ({ labels }) =>
          labels.service === service && (breaker === undefined || labels.breaker === breaker),
      );
    return {
      service,
      instancesIn: of(instances, "in")?.total ?? 0,
      instancesEjected: of(instances, "ejected")?.total ?? 0,
      throttledShare: of(throttled)?.total ?? 0,
      retriesPerS: of(retries)?.perS ?? 0,
      pending: of(pending)?.total ?? 0,
    };
  });
}

function policiesOf({ counters }: Measured) {
  const uncounted = counters("dure_gateway_uncounted_total");
  return counters("dure_gateway_limited_total").map(({ labels, total, perS }) => ({
    policy: labels.policy ?? "",
    limitedPerS: perS,
    limitedTotal: total,
    uncountedTotal: uncounted.find((each) => each.labels.policy === labels.policy)?.total ?? 0,
  }));
}
