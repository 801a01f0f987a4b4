/** What each feature adds to a call: its own code in a tight loop, with the values that a call of the calls benchmark has. */
import { operationsOf } from "../../src/contract/index.ts";
import { random } from "../../src/kit/index.ts";
import { AdaptiveLimit, defaultAdaptiveLimit } from "../../src/mesh/core/adaptive-limit.ts";
import { powerOfTwoChoices } from "../../src/mesh/core/balancer.ts";
import { Breaker, defaultBreaker } from "../../src/mesh/core/breaker.ts";
import { ClientThrottle } from "../../src/mesh/core/client-throttle.ts";
import { ControlledDelay, defaultControlledDelay } from "../../src/mesh/core/controlled-delay.ts";
import { InstanceLoad } from "../../src/mesh/core/instance-load.ts";
import { LatencyDigest } from "../../src/mesh/core/latency-digest.ts";
import { defaultRetryBudget, RetryBudget } from "../../src/mesh/core/retry-budget.ts";
import { NodeMetrics } from "../../src/mesh/node-metrics.ts";
import { Metrics, Traces } from "../../src/telemetry/index.ts";
import { answer, question } from "../calls/messages.ts";
import { products } from "../dure/products.ts";
import { median } from "../harness/statistics.ts";
import { markdownTable } from "../harness/table.ts";

/** One feature. */
export interface CostRow {
  readonly feature: string;
  /** On both sides of a call together. */
  readonly usPerCall: number;
}

const batchMs = 30;
let sink: unknown;

const get = operationsOf(products).get("get");
if (!get) throw new Error("products.get is gone");
const asked = question(1_000);
const answered = answer(asked);

/** Each runs what one call runs of the feature; `time` goes on as it does between calls. */
const features: Readonly<Record<string, () => (time: number) => unknown>> = {
  "JSON.parse and JSON.stringify, both ways: what the bare echo pays": () => () => {
    JSON.stringify(JSON.parse(JSON.stringify(asked)));
    return JSON.parse(JSON.stringify(answered));
  },
  "compiled serialisers in place of JSON.stringify, both ways": () => () => {
    JSON.parse(get.serializeInput(asked));
    return JSON.parse(get.serializeOutput(answered));
  },
  "the same with validation of the input by zod": () => () => {
    get.parseInput(get.serializeInput(asked), undefined);
    return get.parseOutput(get.serializeOutput(answered));
  },
  "traces: a span on each side": () => {
    const node = { id: "caller-1", name: "caller" };
    const traces = new Traces({ node, perSecond: 0 });
    const name = { service: "products", operation: "get" };
    const common = { name, durationMs: 0.4, error: undefined };
    return (startedAt) => {
      const call = traces.start(undefined, { kind: "client", name });
      const work = traces.start(call, { kind: "server", name, service: "products" });
      traces.end({ trace: work, kind: "server", startedAt, peer: "caller", ...common });
      traces.end({ trace: call, kind: "client", startedAt, peer: "products-1", ...common });
    };
  },
  "breaker of the instance": () => {
    const breaker = new Breaker(defaultBreaker, random);
    return (time) => {
      breaker.admits(time);
      breaker.onSend(time);
      breaker.onSuccess(time);
    };
  },
  "balancer: two choices of eight by pending calls and latency": () => {
    const balancer = powerOfTwoChoices(random);
    const instances = Array.from({ length: 8 }, () => {
      const load = new InstanceLoad();
      return {
        pendingCount: 8,
        load: (time: number) => load.at(time, 8),
        observe(time: number) {
          load.onAnswer(time, 1);
          load.onTold(time, { load: 16, loopDelayMs: 1 }, 8);
        },
      };
    });
    const mayTake = () => true;
    return (time) => {
      instances[0]?.observe(time);
      return balancer.pick(instances, { now: time, key: undefined, mayTake });
    };
  },
  "retry budget, client throttle, latency digest": () => {
    const budget = new RetryBudget(defaultRetryBudget, 0);
    const throttle = new ClientThrottle();
    const digest = new LatencyDigest();
    return (time) => {
      budget.onCall(time);
      throttle.refusalShare(time);
      throttle.onAccepted(time);
      digest.add(time, 1);
    };
  },
  "metrics: a duration on each side": () => {
    const metrics = new NodeMetrics(new Metrics());
    const ref = { service: "products", operation: "get", contractHash: "" };
    return () => {
      metrics.onMade(ref, undefined, 0.4);
      metrics.onHandled(ref, "caller", undefined, 0.2);
    };
  },
  "admission: waiting time and concurrency limit": () => {
    const delay = new ControlledDelay(defaultControlledDelay);
    const limit = new AdaptiveLimit(defaultAdaptiveLimit);
    const ended = { latencyMs: 1, deadlineMs: 5_000 };
    const waiting = { waitedMs: 1, deadlineMs: 5_000, priority: 3 };
    return (time) => {
      delay.admits(time, waiting);
      limit.onEnd(time, ended, 10);
    };
  },
};

/** Measures each feature, in turns. */
export function benchCosts(rounds: number): CostRow[] {
  const names = Object.keys(features);
  const runs = names.map((name) => (features[name] as (typeof features)[string])());
  for (const run of runs) timed(run);
  const samples = names.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++)
    for (const [index, run] of runs.entries()) samples[index]?.push(timed(run));
  return names.map((feature, index) => ({ feature, usPerCall: median(samples[index] ?? []) }));
}

/** One run for {@link batchMs}; gives back us for each. */
function timed(run: (time: number) => unknown): number {
  const startedAt = performance.now();
  const endsAt = startedAt + batchMs;
  let count = 0;
  let now = startedAt;
  while (now < endsAt) {
    for (let index = 0; index < 500; index++) sink = run(now);
    count += 500;
    now = performance.now();
  }
  return ((now - startedAt) * 1_000) / count;
}

/** The table for people. */
export function costsTable(rows: readonly CostRow[]): string {
  if (sink === null) throw new Error("unreachable: keeps the loops from being thought useless");
  return markdownTable([
    ["of one call, caller and callee together", "us"],
    ...rows.map(({ feature, usPerCall }) => [feature, usPerCall.toFixed(2)]),
  ]);
}
