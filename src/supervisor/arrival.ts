import { createHash } from "node:crypto";
import type { Socket } from "node:net";

/** Whose a connection is. */
export interface Recognized {
  /** The name of the process that the client had before, and should have again while it is there. */
  readonly place?: string | undefined;
  /** The same for all connections of one client: it decides who has them, where no `place` does. */
  readonly key?: string | undefined;
  /** Whether the next request on the connection may be somebody else's, as behind a proxy. */
  readonly isMixed: boolean;
}

/** Tells whose a connection is. */
export interface Recognizer {
  /** Whether it needs the head of the first request. Then the connection must be plain HTTP/1.1. */
  readonly readsHead: boolean;
  /** @param head the first bytes, at least up to the end of the head; empty where it is not read. */
  recognize(socket: Socket, head: Buffer): Recognized;
}

/** A connection on its way to a process, with what was read of it before. */
export interface Arrival extends Partial<Recognized> {
  readonly socket: Socket;
  readonly head?: Buffer;
}

/**
 * Who has the connections of a client: the process it names, else by rendezvous hashing (D. Thaler, C. Ravishankar, "A Name-Based
 * Mapping Scheme for Rendezvous", 1996), so that of those who come and go only their own clients move. Undefined where neither decides.
 */
export function takerFor<Taker extends { readonly name: string }>(
  { place, key }: Partial<Recognized>,
  takers: readonly Taker[],
): Taker | undefined {
  const known = place === undefined ? undefined : takers.find(({ name }) => name === place);
  if (known || key === undefined) return known;
  const weights = takers.map((taker) => ({ taker, weight: weightOf(key, taker.name) }));
  weights.sort((left, right) => Buffer.compare(right.weight, left.weight));
  return weights[0]?.taker;
}

function weightOf(key: string, name: string): Buffer {
  return createHash("sha256").update(name).update("\0").update(key).digest();
}
