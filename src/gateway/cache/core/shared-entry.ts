/** A stored answer as text, for a store that processes share: what it is, and its bytes. */
import { Buffer } from "node:buffer";
import type { CacheEntry } from "./entry.ts";
import { ageMs } from "./freshness.ts";
import type { Times } from "./serve-entry.ts";
import { conditionsFor } from "./validators.ts";
import { WholeHits } from "./whole-hits.ts";

/** An entry that is written down. */
export interface WrittenEntry {
  readonly meta: string;
  /** In base64. */
  readonly body: string;
}

interface Meta extends Omit<CacheEntry, "key" | "selection" | "body" | "freshness" | "hits"> {
  /** A field that was not there is null. */
  readonly selection: readonly (readonly [string, string | null])[];
  readonly freshness: Omit<CacheEntry["freshness"], "initialAgeMs" | "receivedAt">;
  /** How old it was at this time, in ms since 1970: clocks that only go forward mean nothing to another process. */
  readonly ageMs: number;
  readonly wallMs: number;
}

/** A stale answer that its origin can be asked about is kept for so long. */
const validatedMs = 3_600_000;
/** A year is common for what never changes; nobody has to keep it unasked for so long. */
const keptMsMax = 7 * 24 * 3_600_000;

/** Writes an entry down. */
export function writeEntry(entry: CacheEntry, times: Times): WrittenEntry {
  const { key: _key, hits: _hits, body, selection, freshness, ...rest } = entry;
  const { initialAgeMs: _initialAgeMs, receivedAt: _receivedAt, ...judged } = freshness;
  const meta: Meta = {
    ...rest,
    selection: selection.map(([name, value]) => [name, value ?? null]),
    freshness: judged,
    ageMs: ageMs(freshness, times.now),
    wallMs: times.wallMs,
  };
  return {
    meta: JSON.stringify(meta),
    body: Buffer.from(body.buffer, body.byteOffset, body.length).toString("base64"),
  };
}

/** Reads it, as old as it is by now. Throws for what is none. */
export function readEntry(key: string, { meta, body }: WrittenEntry, times: Times): CacheEntry {
  const { selection, freshness, ageMs: age, wallMs, ...rest } = JSON.parse(meta) as Meta;
  // Clocks of two machines differ a little; nothing gets younger by that.
  const passedMs = Math.max(0, times.wallMs - wallMs);
  return {
    ...rest,
    key,
    selection: selection.map(([name, value]) => [name, value ?? undefined] as const),
    body: Buffer.from(body, "base64"),
    freshness: { ...freshness, initialAgeMs: age + passedMs, receivedAt: times.now },
    hits: new WholeHits(),
  };
}

/** How long it is of use to anybody, in ms; 0 or less if it is of none. `agreedMs`: for how long it may stand in for an error. */
export function keepMsOf({ headers, freshness }: CacheEntry, now: number, agreedMs = 0): number {
  const { lifetimeMs, staleWhileRevalidateMs, staleIfErrorMs } = freshness;
  const leftMs = Math.max(0, lifetimeMs - ageMs(freshness, now));
  const askMs = conditionsFor(headers).length > 0 ? validatedMs : 0;
  const staleMs = Math.max(staleWhileRevalidateMs, staleIfErrorMs, agreedMs, askMs);
  return Math.ceil(Math.min(leftMs + staleMs, keptMsMax));
}

/** The names of the fields by which an entry was selected, as `Vary` has them. */
export function varyOfEntry({ selection }: CacheEntry): string {
  return selection.map(([name]) => name).join(",");
}
