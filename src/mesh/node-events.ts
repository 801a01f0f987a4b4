import { delayMsMax, type EventRuntime } from "../contract/index.ts";
import { DureError, now } from "../kit/index.ts";
import type { TraceContext, Traces } from "../telemetry/index.ts";
import { eventHead, noEventLog, subscriptionOf } from "./event-delivery.ts";
import type { EventsPort } from "./events-port.ts";
import type { ContextSource, PublishedFor } from "./handler-context.ts";
import type { MeshNode } from "./mesh-node.ts";
import type { NodeMetrics } from "./node-metrics.ts";
import { scheduled } from "./schedules.ts";
import type { HostedService } from "./service-host.ts";

/** Time to store an event that is published outside of any call, in ms. */
const publishMs = 10_000;

/** What a node publishes and takes. */
export class NodeEvents {
  readonly #port: EventsPort | undefined;
  readonly #metrics: NodeMetrics;
  readonly #traces: Traces;

  constructor(port: EventsPort | undefined, metrics: NodeMetrics, traces: Traces) {
    this.#port = port;
    this.#metrics = metrics;
    this.#traces = traces;
  }

  /** Rejects with INVALID_ARGUMENT for data that does not fit the contract. */
  async publish(event: EventRuntime, data: unknown, options: PublishedFor = {}): Promise<void> {
    if (!this.#port) throw noEventLog(event.name);
    checkDelay(event.name, options.delayMs ?? 0);
    const body = event.serialize(data);
    const kind = "publish";
    const { name } = event;
    const trace = this.#traces.start(options.parent?.trace, { kind, name });
    const startedAt = now();
    let error: string | undefined = "INTERNAL";
    try {
      await this.#store(this.#port, { event, data, body }, trace, options);
      error = undefined;
    } catch (thrown) {
      if (thrown instanceof DureError) error = thrown.code;
      throw thrown;
    } finally {
      const durationMs = now() - startedAt;
      this.#traces.end({ trace, kind, name, startedAt, durationMs, error, peer: undefined });
    }
  }

  #store(
    port: EventsPort,
    { event, data, body }: { event: EventRuntime; data: unknown; body: string },
    trace: TraceContext,
    { parent, delayMs = 0 }: PublishedFor,
  ): Promise<void> {
    const outgoing = {
      topic: event.name,
      key: event.keyOf(data) ?? "",
      head: eventHead(parent?.head ?? {}, trace),
      body,
    };
    const deadlineMs = Math.min(publishMs, parent?.remainingMs() ?? publishMs);
    if (deadlineMs <= 0)
      throw new DureError("DEADLINE_EXCEEDED", `${event.name}: no time is left to store it`);
    return port.publish(outgoing, { deadlineMs, delayMs });
  }

  /** Events come from now on. Throws FAILED_PRECONDITION where a service wants some and the node has no event log. */
  start(node: MeshNode, hosted: readonly HostedService[], source: ContextSource): void {
    const declared = hosted.flatMap(({ subscriptions }) => subscriptions);
    const byClock = hosted.flatMap(({ schedules }) => schedules);
    const wanted = declared[0]?.event.name ?? byClock[0]?.name;
    if (wanted !== undefined && !this.#port) throw noEventLog(wanted);
    const { schedules, subscriptions } = scheduled(byClock, source);
    for (const each of declared) subscriptions.push(subscriptionOf(each, source));
    const measured = subscriptions.map((each) => this.#metrics.measured(each));
    this.#port?.start(node, { subscriptions: measured, schedules });
  }

  async drain(): Promise<void> {
    await this.#port?.drain();
  }

  close(): void {
    this.#port?.close();
  }
}

function checkDelay(name: string, delayMs: number): void {
  if (delayMs >= 0 && delayMs <= delayMsMax) return;
  const message = `event ${name}: delayMs is ${delayMs}; it is 0 to ${delayMsMax} (a year)`;
  throw new DureError("INVALID_ARGUMENT", message);
}
