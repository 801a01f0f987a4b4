import type { MeshNode } from "./mesh-node.ts";

/** An event that a service publishes. */
export interface OutgoingEvent {
  /** The event's name: `products.added`. */
  readonly topic: string;
  /** Empty where the contract gives none. */
  readonly key: string;
  /** What travels beside the data, as the text of a JSON object; see {@link EventHead}. */
  readonly head: string;
  readonly body: string;
}

/** An event that comes to a service. */
export interface IncomingEvent extends OutgoingEvent {
  /** The same each time that the event is delivered. */
  readonly id: string;
  /** How often it has failed before. */
  readonly attempt: number;
  /** When it was given to be worked on, on the clock of `now()`. */
  readonly receivedAt: number;
}

/** What travels beside an event's data. */
export interface EventHead {
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Who the publishing call was made for. */
  readonly principal?: unknown;
  readonly baggage?: Readonly<Record<string, unknown>>;
  /** The event's id, where it is not that of its place in the log: it was published with a delay. */
  readonly id?: string;
}

/** A service that wants events. */
export interface EventSubscription {
  readonly group: string;
  readonly topic: string;
  readonly start: "beginning" | "now";
  /** Events worked on at once, of different keys. */
  readonly concurrency: number;
  /**
   * Works on one event; nothing is waited for where its handler has nothing to wait for. What it throws or rejects with is tried again;
   * `signal` aborts when the work was given to somebody else.
   */
  deliver(event: IncomingEvent, signal: AbortSignal): Promise<void> | undefined;
}

/** Something that is done by the clock. */
export interface EventSchedule {
  /** Where the events of its times go. */
  readonly topic: string;
  /** The same on every instance, and the events' key. */
  readonly name: string;
  /** The first time after `time`, both in ms since 1970; undefined where there is none. */
  next(time: number): number | undefined;
}

/** What a node's services want. */
export interface EventWishes {
  readonly subscriptions: readonly EventSubscription[];
  readonly schedules: readonly EventSchedule[];
}

/** When an event is stored. */
export interface PublishTimes {
  /** Time to store it, in ms. */
  readonly deadlineMs: number;
  /** It is published so much later, in ms. */
  readonly delayMs: number;
}

/** What a node does events with. The mesh knows calls only; whoever stores events plugs in here. */
export interface EventsPort {
  /** Resolves once the event is stored. Rejects with UNAVAILABLE while nobody stores events, RESOURCE_EXHAUSTED when too many wait. */
  publish(event: OutgoingEvent, times: PublishTimes): Promise<void>;
  /** Called once, with all that the node's services want. */
  start(node: MeshNode, wishes: EventWishes): void;
  /** Takes no more events, ends those at work and says how far it got. */
  drain(): Promise<void>;
  close(): void;
}
