import type { Note } from "./note.ts";

/** How events are taken. */
export interface Subscription {
  /** A new one for every round. */
  readonly group: string;
  readonly start: "beginning" | "now";
  /** Called for each event before it is acknowledged. */
  onNote(note: Note): void;
}

/** The client's side of an event store; `publisher` runs in one process and `subscribe` in another. */
export interface EventPeer {
  /** Resolves to a function that resolves once the server has acknowledged an event. */
  connect(address: string): Promise<(note: Note) => Promise<unknown>>;
  /** Resolves once events come; the function it gives stops it, and resolves once all that was handled is acknowledged. */
  subscribe(address: string, subscription: Subscription): Promise<() => Promise<void>>;
}
