/**
 * What one node knows of the others. A plain reducer: reports come in, time is an argument, nothing is done here.
 *
 * ```
 *              up (vouched)                  lost, or failing probes            leave: gone at once, tombstone
 *   (unknown) ------------> live <-------> suspect -----------------> (gone)    lost + 2 failed probes: gone
 *                            ^  \             ^                                  unvouched 10 min + 3 failed probes: gone
 *             heard from it /    \ its Distributor is silent
 *                                 v
 *                             unvouched (still routable)
 * ```
 * Invariants: (V1) a report never replaces the view; (V2) an older incarnation never comes back; (V3) without a leave nothing
 * goes that answers a probe; (V4) when more than 15 % (and at least 3) are lost at once, they stay routable until a probe
 * fails; (V5) a leave of the same incarnation beats everything. Rules and figures: docs/reference/distributor.md.
 */
import type { NodeRecord } from "../record.ts";

export type EntryStatus = "live" | "unvouched" | "suspect";

/** One node in the view. */
export interface ViewEntry {
  readonly record: NodeRecord;
  readonly status: EntryStatus;
  /** The Distributors that hold its registration now. */
  readonly vouchedBy: readonly string[];
}

interface Entry {
  record: NodeRecord;
  readonly vouchers: Set<string>;
  unvouchedSince: number | undefined;
  isLost: boolean;
  isSuspect: boolean;
  failedProbes: number;
  nextProbeAt: number;
}

/** Figures of the view; all in ms unless the name says otherwise. */
export interface ViewOptions {
  /** How long a leave is remembered, so that a late report does not bring the node back. */
  readonly tombstoneMs: number;
  /** Nobody vouches for it for this long, and probes fail: it died while no Distributor was there to see it. */
  readonly unvouchedMs: number;
  readonly failedProbesMax: number;
  /** More than this share lost within the window, and at least `massCountMin`: disbelieved until probes confirm it. */
  readonly massShare: number;
  readonly massCountMin: number;
  readonly massWindowMs: number;
  /** Nodes held at most; a further one is ignored and reported. */
  readonly nodesMax: number;
}

export const defaultViewOptions: ViewOptions = {
  tombstoneMs: 15 * 60_000,
  unvouchedMs: 10 * 60_000,
  failedProbesMax: 3,
  massShare: 0.15,
  massCountMin: 3,
  massWindowMs: 5_000,
  nodesMax: 10_000,
};

const lostProbesMax = 2;
const probeFirstMs = 0;
const probeAgainMs = 500;
const probeIdleMs = 30_000;

export class View {
  readonly #options: ViewOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #tombstones = new Map<string, { incarnation: number; until: number }>();
  #recentlyLost: number[] = [];
  #version = 0;

  constructor(options: ViewOptions = defaultViewOptions) {
    this.#options = options;
  }

  /** Grows with every change that a caller could see. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): ViewEntry[] {
    return [...this.#entries.values()].map((entry) => ({
      record: entry.record,
      status: statusOf(entry),
      vouchedBy: [...entry.vouchers],
    }));
  }

  record(id: string): NodeRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  isSuspect(id: string): boolean {
    return this.#entries.get(id)?.isSuspect ?? false;
  }

  /** A Distributor holds a registration. False if it was ignored: older than what is known, or after a leave. */
  up(origin: string, record: NodeRecord, now: number): boolean {
    const tombstone = this.#tombstones.get(record.id);
    if (tombstone && tombstone.until > now && record.incarnation <= tombstone.incarnation)
      return false;
    const known = this.#entries.get(record.id);
    if (known && isOlder(record, known.record)) return false;
    if (!known && this.#entries.size >= this.#options.nodesMax) return false;
    const entry = known ?? newEntry(record, now);
    if (!known) this.#entries.set(record.id, entry);
    if (!known || isOlder(known.record, record)) this.#version += 1;
    if (entry.record.incarnation < record.incarnation) entry.vouchers.clear();
    entry.record = record;
    entry.vouchers.add(origin);
    entry.unvouchedSince = undefined;
    this.#believe(entry);
    return true;
  }

  /** What was on disk from an earlier run: routable, vouched for by nobody. */
  remember(record: NodeRecord, now: number): void {
    if (this.#entries.has(record.id) || this.#entries.size >= this.#options.nodesMax) return;
    this.#entries.set(record.id, newEntry(record, now));
    this.#version += 1;
  }

  /** The node itself said goodbye (V5). */
  leave(id: string, incarnation: number, now: number): void {
    this.#bury(id, incarnation, now);
    const entry = this.#entries.get(id);
    if (entry && entry.record.incarnation <= incarnation) this.#delete(id);
  }

  /** A Distributor lost the connection of a node that did not say goodbye. */
  lost(origin: string, id: string, incarnation: number, now: number): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.record.incarnation > incarnation) return;
    this.#unvouch(entry, origin, now);
    if (entry.vouchers.size > 0 || entry.isLost) return;
    entry.isLost = true;
    entry.failedProbes = 0;
    entry.nextProbeAt = now + probeFirstMs;
    this.#recentlyLost = this.#recentlyLost.filter((at) => now - at < this.#options.massWindowMs);
    this.#recentlyLost.push(now);
    const { massCountMin, massShare } = this.#options;
    const isMass =
      this.#recentlyLost.length >= massCountMin &&
      this.#recentlyLost.length > massShare * this.#entries.size;
    if (!isMass) this.#suspect(entry);
  }

  /** A Distributor's whole list. What it does not hold loses its word, and nothing else (V1). */
  snapshot(origin: string, records: readonly NodeRecord[], now: number): void {
    const held = new Set(records.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (!held.has(id)) this.#unvouch(entry, origin, now);
    }
    for (const record of records) this.up(origin, record, now);
  }

  /** A Distributor cannot be reached: its word no longer counts, nothing else changes. */
  originGone(origin: string, now: number): void {
    for (const entry of this.#entries.values()) this.#unvouch(entry, origin, now);
  }

  /** It answered me just now: it lives, whatever anybody says. */
  heardFrom(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) this.#believe(entry);
  }

  /** I could not reach it: out of the pick until a probe says otherwise. */
  failedToReach(id: string, now: number): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.isSuspect) return;
    this.#suspect(entry);
    entry.nextProbeAt = Math.min(entry.nextProbeAt, now + probeFirstMs);
  }

  /** Whom to probe now. Each is named once until {@link probed} or its next turn. */
  dueProbes(now: number): NodeRecord[] {
    const due: NodeRecord[] = [];
    for (const entry of this.#entries.values()) {
      const isDoubtful = entry.isLost || entry.isSuspect || entry.unvouchedSince !== undefined;
      if (!isDoubtful || entry.nextProbeAt > now) continue;
      entry.nextProbeAt = now + (entry.isLost || entry.isSuspect ? probeAgainMs : probeIdleMs);
      due.push(entry.record);
    }
    return due;
  }

  /** What a probe of that incarnation found. */
  probed(id: string, incarnation: number, isAlive: boolean, now: number): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.record.incarnation !== incarnation) return;
    if (isAlive) return this.#believe(entry);
    entry.failedProbes += 1;
    this.#suspect(entry);
    const { unvouchedMs, failedProbesMax } = this.#options;
    const isForgotten =
      entry.unvouchedSince !== undefined &&
      now - entry.unvouchedSince >= unvouchedMs &&
      entry.failedProbes >= failedProbesMax;
    if (isForgotten || (entry.isLost && entry.failedProbes >= lostProbesMax)) {
      // It said no goodbye: a process that was only paused registers again, and is believed. Its forerunners stay gone.
      this.#bury(id, incarnation - 1, now);
      this.#delete(id);
    }
  }

  /** Forgets leaves that are long past. */
  sweep(now: number): void {
    for (const [id, { until }] of this.#tombstones) if (until <= now) this.#tombstones.delete(id);
  }

  #unvouch(entry: Entry, origin: string, now: number): void {
    if (!entry.vouchers.delete(origin) || entry.vouchers.size > 0) return;
    entry.unvouchedSince = now;
    entry.nextProbeAt = now + probeIdleMs;
    this.#version += 1;
  }

  #believe(entry: Entry): void {
    entry.isLost = false;
    entry.failedProbes = 0;
    if (!entry.isSuspect) return;
    entry.isSuspect = false;
    this.#version += 1;
  }

  #suspect(entry: Entry): void {
    if (entry.isSuspect) return;
    entry.isSuspect = true;
    this.#version += 1;
  }

  #bury(id: string, incarnation: number, now: number): void {
    const former = this.#tombstones.get(id)?.incarnation ?? Number.NEGATIVE_INFINITY;
    this.#tombstones.set(id, {
      incarnation: Math.max(former, incarnation),
      until: now + this.#options.tombstoneMs,
    });
  }

  #delete(id: string): void {
    if (this.#entries.delete(id)) this.#version += 1;
  }
}

function newEntry(record: NodeRecord, now: number): Entry {
  return {
    record,
    vouchers: new Set(),
    unvouchedSince: now,
    isLost: false,
    isSuspect: false,
    failedProbes: 0,
    nextProbeAt: now + probeIdleMs,
  };
}

function statusOf(entry: Entry): EntryStatus {
  if (entry.isSuspect) return "suspect";
  return entry.vouchers.size > 0 ? "live" : "unvouched";
}

function isOlder(record: NodeRecord, than: NodeRecord): boolean {
  if (record.incarnation !== than.incarnation) return record.incarnation < than.incarnation;
  return record.revision < than.revision;
}
