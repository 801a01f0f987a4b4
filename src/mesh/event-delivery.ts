/** An event as a service's handler sees it: the same context as a call's, with the publisher's trace, principal and keys. */
import type { EventRuntime, OnEvent } from "../contract/index.ts";
import { DureError } from "../kit/index.ts";
import { TraceContext } from "../telemetry/index.ts";
import type { RequestHead } from "../wire/index.ts";
import type { EventHead, EventSubscription, IncomingEvent } from "./events-port.ts";
import type {
  ContextRequest,
  ContextSource,
  ContextSubject,
  HandlerContext,
} from "./handler-context.ts";
import { inContext } from "./in-context.ts";

/** An event is given this long before its handler is told to stop, in ms; a handler that needs longer declares it. */
const deadlineMs = 30_000;

/** What a service asked for with `on`. */
export interface DeclaredSubscription {
  readonly service: string;
  readonly event: EventRuntime;
  readonly subscription: OnEvent;
}

/** The subscription as the port takes it. */
export function subscriptionOf(
  { service, event, subscription }: DeclaredSubscription,
  source: ContextSource,
): EventSubscription {
  const { group = service, start = "beginning", concurrency = 32, handler } = subscription;
  const span = { kind: "consume", name: event.name, service } as const;
  const subject = { service, name: `on ${event.name}`, isStream: false, span };
  return {
    group,
    topic: event.name,
    start,
    concurrency,
    deliver(incoming, signal) {
      const run = (data: unknown) =>
        deliverTo(source, subject, { incoming, signal }, (context) => handler(data, context));
      const data = event.parse(incoming.body);
      return data instanceof Promise ? data.then(run) : run(data);
    },
  };
}

/** Runs a handler for an event that has come, as a span of its own; a promise only where the handler gives one. */
export function deliverTo(
  source: ContextSource,
  subject: ContextSubject,
  { incoming, signal }: { readonly incoming: IncomingEvent; readonly signal: AbortSignal },
  run: (context: HandlerContext) => unknown,
): Promise<void> | undefined {
  const done = inContext(source, subject, new Delivery(source, incoming, signal), run);
  return done instanceof Promise ? done : undefined;
}

/** What a context needs of a request. The head is read when it is first asked for: many handlers need the data only. */
class Delivery implements ContextRequest {
  readonly queuedMs = 0;
  readonly receivedAt: number;
  readonly #source: ContextSource;
  readonly #event: IncomingEvent;
  readonly #signal: AbortSignal;
  #head: RequestHead | undefined;

  constructor(source: ContextSource, event: IncomingEvent, signal: AbortSignal) {
    this.receivedAt = event.receivedAt;
    this.#source = source;
    this.#event = event;
    this.#signal = signal;
  }

  get head(): RequestHead {
    this.#head ??= this.#believed(requestHeadOf(this.#event));
    return this.#head;
  }

  /** Without a principal that nobody vouches for: whoever publishes could make one up. An event may be old, and so may its proof. */
  #believed(head: RequestHead): RequestHead {
    const { judgeOld, logger } = this.#source;
    const judgement = head.principal === undefined ? undefined : judgeOld(head.principal);
    if (!judgement) return head;
    const { topic } = this.#event;
    if (judgement === "unknown")
      throw new DureError(
        "UNAVAILABLE",
        `${topic}: the certificate by which its principal was signed is not known here yet`,
      );
    const reason = judgement.message;
    logger.warn("an event is handled without its principal", { topic, reason });
    return { ...head, principal: undefined };
  }

  get isCancelled(): boolean {
    return this.#signal.aborted;
  }

  onCancel(listener: () => void): void {
    this.#signal.addEventListener("abort", listener, { once: true });
  }
}

function requestHeadOf({ head, id, attempt }: IncomingEvent): RequestHead {
  const plain = plainTrace(head);
  if (plain) return { deadlineMs, trace: plain, idempotencyKey: id, attempt };
  const {
    traceparent,
    tracestate,
    principal,
    baggage,
    id: ownId = id,
  } = JSON.parse(head) as EventHead;
  return {
    deadlineMs,
    trace: traceparent === undefined ? undefined : TraceContext.parse(traceparent, tracestate),
    principal: principal === undefined ? undefined : JSON.stringify(principal),
    baggage: baggage && JSON.stringify(baggage),
    idempotencyKey: ownId,
    attempt,
  };
}

/** Most heads have a trace and nothing else: making and reading those as JSON would take longer than all that is done with them. */
const plainStart = '{"traceparent":"';
const plainEnd = '"}';
const traceparentLength = 55;

/** The trace of a head that has nothing else. */
function plainTrace(head: string): TraceContext | undefined {
  const end = plainStart.length + traceparentLength;
  if (head.length !== end + plainEnd.length || !head.startsWith(plainStart)) return undefined;
  return head.endsWith(plainEnd)
    ? TraceContext.parse(head.slice(plainStart.length, end))
    : undefined;
}

/** What travels beside the data of an event that is published for `head`. */
export function eventHead(
  head: Pick<RequestHead, "principal" | "baggage">,
  trace: TraceContext,
): string {
  const traceparent = trace.toString();
  if (trace.state === undefined && head.principal === undefined && head.baggage === undefined)
    return `${plainStart}${traceparent}${plainEnd}`;
  const told: EventHead = {
    traceparent,
    ...(trace.state === undefined ? {} : { tracestate: trace.state }),
    ...(head.principal === undefined ? {} : { principal: JSON.parse(head.principal) }),
    ...(head.baggage === undefined ? {} : { baggage: JSON.parse(head.baggage) }),
  };
  return JSON.stringify(told);
}

/** Publishing where nothing stores events. */
export function noEventLog(topic: string): DureError {
  return new DureError(
    "FAILED_PRECONDITION",
    `${topic}: this node has no event log to publish to or read from; create it with { events: meshEvents() }, as the dure command does`,
  );
}
