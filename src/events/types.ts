/** An event on its way into the log. */
export interface NewEvent {
  /** The event's name: `products.added`. */
  readonly topic: string;
  /** Events of one key keep their order. Empty: no order is asked for. */
  readonly key: string;
  /** What travels beside the data, as the text of a JSON object: trace, principal. */
  readonly head: string;
  /** The data, as JSON text. */
  readonly body: string;
}

/** An event in the log. */
export interface StoredEvent extends NewEvent {
  /** Its place in its topic: 0, 1, 2 ... without gaps. */
  readonly offset: number;
  /** When it was stored, in ms since 1970. Never less than that of the event before it. */
  readonly at: number;
  /** The same for every copy of the event, wherever it is delivered; what an inbox remembers. */
  readonly id: string;
}

/** Events of one source in their order: what is sent again is not stored again. */
export interface AppendBatch {
  /** Who publishes: a node, or the outbox of a database. */
  readonly source: string;
  /** A newer one outdates those before it: a source that has lost its count begins another. */
  readonly epoch: number;
  /** Number of the first event, counted by the source within the epoch. */
  readonly seq: number;
  readonly events: readonly NewEvent[];
}

/** One failed delivery. */
export interface FailedAttempt {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly stack?: string | undefined;
}

/** An event that failed and is tried again, or that waits behind one of its key. */
export interface ParkedEvent {
  readonly offset: number;
  readonly lane: number;
  /** When it is tried again, in ms since 1970. */
  readonly due: number;
  /** The failed attempts so far, oldest first. */
  readonly history: FailedAttempt[];
  /** The event itself: it may outlive what the log keeps, and a letter may have been edited. */
  readonly event: StoredEvent;
}

/** What a member of a group has done with events, to be written down. Each names its lane, which must still be the member's. */
export interface GroupChanges {
  readonly park: ParkedEvent[];
  readonly unpark: { readonly lane: number; readonly offset: number }[];
  readonly bury: {
    readonly lane: number;
    readonly event: StoredEvent;
    readonly history: FailedAttempt[];
  }[];
}

/** An event that a group has given up on. */
export interface DeadLetter {
  readonly id: number;
  readonly group: string;
  readonly at: number;
  readonly event: StoredEvent;
  readonly history: FailedAttempt[];
}

/** Bounds of the log. Every one has an answer when it is reached. */
export const eventLimits = {
  /** Largest event, head and body together, in bytes; a larger one is refused by itself: INVALID_ARGUMENT. */
  eventBytesMax: 1024 * 1024,
  /** Events in one append. */
  batchEventsMax: 2_000,
  /** Texts of one append, in bytes: base64 has four for three, and a message has 4 MiB. */
  batchBytesMax: 1280 * 1024,
  /** Characters of events in one answer or commit, beyond the first. */
  answerSizeMax: 1024 * 1024,
  /** Events parked in one group; beyond that its lanes stop reading until some are done. */
  parkedMax: 10_000,
  /** Events that wait for their time. */
  delayedMax: 10_000,
  /** Topics of one log. */
  topicsMax: 10_000,
  /** Groups of one topic. */
  groupsMax: 1_000,
  /** Failed attempts that a letter's history keeps: the first and the last ones. */
  historyMax: 20,
} as const;
