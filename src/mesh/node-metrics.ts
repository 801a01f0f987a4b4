import { asError, DureError, now } from "../kit/index.ts";
import type { Registry } from "../registry/index.ts";
import type { Counter, DurationHistogram, Durations, Metrics } from "../telemetry/index.ts";
import type { OperationRef } from "../wire/index.ts";
import type { EventSubscription } from "./events-port.ts";

/** The code of what went well. */
const ok = "OK";

/** A call that was answered, as its caller and its callee count it. Those that go well find their histogram by identity. */
export class NodeMetrics {
  readonly #made: Durations;
  readonly #handled: Durations;
  readonly #events: Durations;
  readonly #retries: Counter;
  readonly #refused: Counter;
  readonly #madeWell = new WeakMap<OperationRef, DurationHistogram>();
  readonly #handledWell = new WeakMap<
    OperationRef,
    { caller: string; histogram: DurationHistogram }
  >();

  constructor(metrics: Metrics) {
    this.#made = metrics.durations(definitions.clientDuration);
    this.#handled = metrics.durations(definitions.serverDuration);
    this.#events = metrics.durations(definitions.eventDuration);
    this.#retries = metrics.counter(definitions.clientRetries);
    this.#refused = metrics.counter(definitions.serverRefused);
  }

  /** A call to another node is over, with all its attempts. @param code undefined if it went well. */
  onMade(ref: OperationRef, code: string | undefined, latencyMs: number): void {
    let histogram = code === undefined ? this.#madeWell.get(ref) : undefined;
    if (!histogram) {
      histogram = this.#made.of([ref.service, ref.operation, code ?? ok]);
      if (code === undefined) this.#madeWell.set(ref, histogram);
    }
    histogram.observe(latencyMs / 1_000);
  }

  /** An attempt beyond the first was made. */
  onRetry(service: string): void {
    this.#retries.add([service]);
  }

  /** A request was worked on here. @param code undefined if it went well. */
  onHandled(ref: OperationRef, caller: string, code: string | undefined, latencyMs: number): void {
    let known = code === undefined ? this.#handledWell.get(ref) : undefined;
    if (known?.caller !== caller) {
      const histogram = this.#handled.of([ref.service, ref.operation, caller, code ?? ok]);
      known = { caller, histogram };
      if (code === undefined) this.#handledWell.set(ref, known);
    }
    known.histogram.observe(latencyMs / 1_000);
  }

  /** A request was not begun. */
  onRefused({ service, operation }: OperationRef, code: string): void {
    this.#refused.add([service, operation, code]);
  }

  /** The same subscription, measured. */
  measured(subscription: EventSubscription): EventSubscription {
    const { topic, group } = subscription;
    const histogramOf = (code: string) => this.#events.of([topic, group, code]);
    let well: DurationHistogram | undefined;
    const onSuccess = (startedAt: number) => {
      well ??= histogramOf(ok);
      well.observe((now() - startedAt) / 1_000);
    };
    const onFailure = (thrown: unknown, startedAt: number) => {
      const error = asError(thrown);
      const code = error instanceof DureError ? error.code : "INTERNAL";
      histogramOf(code).observe((now() - startedAt) / 1_000);
      return thrown;
    };
    return {
      ...subscription,
      deliver(event, signal) {
        const startedAt = event.receivedAt;
        let delivered: Promise<void> | undefined;
        try {
          delivered = subscription.deliver(event, signal);
        } catch (thrown) {
          throw onFailure(thrown, startedAt);
        }
        if (!delivered) return void onSuccess(startedAt);
        return delivered.then(
          () => onSuccess(startedAt),
          (thrown) => {
            throw onFailure(thrown, startedAt);
          },
        );
      },
    };
  }
}

/** What is read when somebody looks. */
export interface NodeReadings {
  readonly registry: Registry;
  readonly server: { readonly runningCount: number; readonly limit: number };
  readonly client: {
    pools(): Iterable<{
      readonly service: string;
      readonly instances: number;
      readonly ejected: number;
      readonly pending: number;
      readonly refusalShare: number;
      readonly retryBudget: number;
    }>;
  };
}

/** Adds what can be read at any time: how many there are, and how full. */
export function addNodeReadings(
  metrics: Metrics,
  { registry, server, client }: NodeReadings,
): void {
  const {
    serverInFlight,
    serverLimit,
    clientInstances,
    clientPending,
    clientThrottle,
    clientBudget,
  } = definitions;
  metrics.gauge(serverInFlight, () => [[[], server.runningCount]]);
  metrics.gauge(serverLimit, () => [[[], server.limit]]);
  metrics.gauge(clientInstances, () =>
    [...client.pools()].flatMap(({ service, instances, ejected }) => [
      [[service, "in"], instances - ejected] as const,
      [[service, "ejected"], ejected] as const,
    ]),
  );
  metrics.gauge(clientPending, () =>
    [...client.pools()].map(({ service, pending }) => [[service], pending] as const),
  );
  metrics.gauge(clientThrottle, () =>
    [...client.pools()].map(({ service, refusalShare }) => [[service], refusalShare] as const),
  );
  metrics.gauge(clientBudget, () =>
    [...client.pools()].map(({ service, retryBudget }) => [[service], retryBudget] as const),
  );
  metrics.gauge(definitions.registryNodes, () => {
    const counts = new Map([
      ...["live", "unvouched", "suspect"].map((status): [string, number] => [status, 0]),
    ]);
    for (const { status } of registry.nodes()) counts.set(status, (counts.get(status) ?? 0) + 1);
    return [...counts].map(([status, count]) => [[status], count] as const);
  });
  metrics.gauge(definitions.registryConnected, () =>
    registry
      .distributors()
      .map(
        ({ address, state }) =>
          [[`${address.host}:${address.port}`], state === "connected" ? 1 : 0] as const,
      ),
  );
}

const definitions = {
  clientDuration: {
    name: "dure_client_duration_seconds",
    help: "calls to other nodes, with all their attempts",
    labels: ["service", "operation", "code"],
  },
  clientRetries: {
    name: "dure_client_retries_total",
    help: "attempts beyond the first one of a call",
    labels: ["service"],
  },
  clientBudget: {
    name: "dure_client_retry_budget",
    help: "attempts beyond the first that may be made now",
    labels: ["service"],
  },
  clientInstances: {
    name: "dure_client_instances",
    help: "instances of services that are called from here, by whether their breaker lets calls in",
    labels: ["service", "breaker"],
  },
  clientPending: {
    name: "dure_client_pending",
    help: "calls on their way",
    labels: ["service"],
  },
  clientThrottle: {
    name: "dure_client_throttled_share",
    help: "share of calls that are not even sent, because the service refuses most",
    labels: ["service"],
  },
  serverDuration: {
    name: "dure_server_duration_seconds",
    help: "requests that were worked on here",
    labels: ["service", "operation", "caller", "code"],
  },
  serverRefused: {
    name: "dure_server_refused_total",
    help: "requests that were not begun: too many, too late, or not allowed",
    labels: ["service", "operation", "code"],
  },
  serverInFlight: { name: "dure_server_in_flight", help: "requests at work" },
  serverLimit: {
    name: "dure_server_concurrency_limit",
    help: "requests that may be at work at once, as found by watching latency",
  },
  eventDuration: {
    name: "dure_event_handling_seconds",
    help: "events that were handled here",
    labels: ["topic", "group", "code"],
  },
  registryNodes: {
    name: "dure_registry_nodes",
    help: "nodes in the view, by status",
    labels: ["status"],
  },
  registryConnected: {
    name: "dure_registry_connected",
    help: "whether a Distributor is connected",
    labels: ["distributor"],
  },
} as const;
