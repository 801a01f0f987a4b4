/**
 * A Distributor's own state: who is registered over which link, and the changes that watchers have yet to see. Soft state; a
 * restart begins with nothing and a new epoch.
 *
 * Invariants: (D1) one registration per node id, the highest incarnation; (D2) `seq` grows by one with every change, so a
 * watcher that missed one knows it; (D3) a link can only speak for the node that it registered.
 */
import type { NodeRecord } from "../record.ts";

/** A change, as watchers see it. */
export type Change =
  | { readonly op: "up"; readonly record: NodeRecord }
  /** It said goodbye. */
  | { readonly op: "leave"; readonly id: string; readonly incarnation: number }
  /** Its connection is gone and it has not come back for a moment. */
  | { readonly op: "lost"; readonly id: string; readonly incarnation: number };

/** Whoever registered; compared by identity. */
export type Owner = object;

interface Registration {
  record: NodeRecord;
  owner: Owner | undefined;
  lostAt: number | undefined;
}

/** Changes kept for watchers that resume; one that is further behind gets the whole list. */
const logSizeMax = 10_000;
/** A connection that comes back within this time was never gone, in ms. */
const settleMs = 400;

export class Directory {
  readonly epoch: string;
  readonly #registrations = new Map<string, Registration>();
  readonly #log: Change[] = [];
  #seq = 0;

  /** @param epoch different at every start. */
  constructor(epoch: string) {
    this.epoch = epoch;
  }

  /** The number of the last change. */
  get seq(): number {
    return this.#seq;
  }

  records(): NodeRecord[] {
    return [...this.#registrations.values()].map(({ record }) => record);
  }

  /**
   * Registers a node, or changes its record. Gives back who must be told that it is replaced, or that a newer incarnation is
   * known already.
   */
  register(record: NodeRecord, owner: Owner): { replaced?: Owner } | { knownIncarnation: number } {
    const known = this.#registrations.get(record.id);
    if (known && known.record.incarnation > record.incarnation) {
      return { knownIncarnation: known.record.incarnation };
    }
    const isNews =
      !known ||
      known.record.incarnation < record.incarnation ||
      known.record.revision < record.revision;
    this.#registrations.set(record.id, {
      record: isNews || !known ? record : known.record,
      owner,
      lostAt: undefined,
    });
    if (isNews) this.#append({ op: "up", record });
    const former = known?.owner;
    return former && former !== owner && known.record.incarnation < record.incarnation
      ? { replaced: former }
      : {};
  }

  /** The node says goodbye. Ignored from anybody else (D3). */
  leave(id: string, owner: Owner): boolean {
    const known = this.#registrations.get(id);
    if (known?.owner !== owner) return false;
    this.#registrations.delete(id);
    this.#append({ op: "leave", id, incarnation: known.record.incarnation });
    return true;
  }

  /** A link is gone; what it registered may come back over another one. */
  ownerGone(owner: Owner, now: number): void {
    for (const registration of this.#registrations.values()) {
      if (registration.owner !== owner) continue;
      registration.owner = undefined;
      registration.lostAt = now;
    }
  }

  /** Gives up on those that did not come back. Gives the time of the next one that waits. */
  settle(now: number): number | undefined {
    let nextAt: number | undefined;
    for (const [id, { record, lostAt }] of this.#registrations) {
      if (lostAt === undefined) continue;
      const dueAt = lostAt + settleMs;
      if (dueAt <= now) {
        this.#registrations.delete(id);
        this.#append({ op: "lost", id, incarnation: record.incarnation });
      } else {
        nextAt = Math.min(nextAt ?? dueAt, dueAt);
      }
    }
    return nextAt;
  }

  /** The changes after `seq`; undefined where they are not kept and the whole list is needed. */
  changesAfter(seq: number): Change[] | undefined {
    const behind = this.#seq - seq;
    if (behind < 0 || behind > this.#log.length) return undefined;
    return this.#log.slice(this.#log.length - behind);
  }

  #append(change: Change): void {
    this.#seq += 1;
    this.#log.push(change);
    if (this.#log.length > logSizeMax) this.#log.splice(0, logSizeMax / 10);
  }
}
