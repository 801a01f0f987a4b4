/**
 * A shared HTTP cache by RFC 9111, in memory, before anything that answers: HTTP servers and operations of the mesh.
 *
 * ```
 *   request -> entry? -- fresh ------------------------------> answer from it
 *                |------ stale, stale-while-revalidate ------> answer from it; ask in the background
 *                '------ stale or none -> flight for it? ----> wait for that (one request for all who ask)
 *                                            '--------------> ask; 304: renew it; storable: store; failed: stale-if-error
 * ```
 * Invariants: (A1) what is stored is a complete answer to a GET; (A2) what was asked for before a purge is not stored after it; (A3) nobody
 * waits for another's request longer than `collapseMsMax`, and an answer that cannot be shared is not waited for a second time;
 * (A4) entries together stay within `bytesMax`.
 */
import type { HeaderList } from "../../http/index.ts";
import { afterInBackground, now, wallTime } from "../../kit/index.ts";
import type { Counter, Metrics } from "../../telemetry/index.ts";
import { type Answer, isPiecewise, NoAnswer } from "../answer.ts";
import { cacheMetrics } from "./cache-metrics.ts";
import { collectBody } from "./collect-body.ts";
import type { Forwarded } from "./core/cache-status.ts";
import type { CacheEntry } from "./core/entry.ts";
import { EntryStore } from "./core/entry-store.ts";
import { fieldOf, without } from "./core/fields.ts";
import { isFresh, useOf } from "./core/freshness.ts";
import { invalidatedBy, isSafe } from "./core/invalidation.ts";
import { keyLabel, keyLabels, urlLabel } from "./core/labels.ts";
import { makeEntry, type WholeAnswer } from "./core/make-entry.ts";
import { serveEntry } from "./core/serve-entry.ts";
import { isStorable } from "./core/storable.ts";
import { cacheConditions, conditionsFor, isAbout, updatedFields } from "./core/validators.ts";
import { isSelected } from "./core/vary.ts";
import { Flight } from "./flights.ts";
import {
  type Asked,
  type AskOrigin,
  type CacheRequest,
  forwarded,
  ifModified,
  isForOrigin,
  keyOf,
  mayStandIn,
  notStored,
  type Passage,
  passageOf,
  type Since,
  ttlS,
} from "./passage.ts";
import { Purged } from "./purged.ts";
import { Unshareable } from "./unshareable.ts";

/** Bounds of a cache, and where it counts. */
export interface CacheOptions {
  readonly bytesMax: number;
  readonly metrics: Metrics;
}

/** Larger answers pass without being stored. */
const entryBytesMax = 1024 * 1024;
/** So long one request waits for another one like it, as nginx's `proxy_cache_lock_timeout`. */
const collapseMsMax = 5_000;
const ranges = new Set(["range", "if-range"]);
const failures = new Set([500, 502, 503, 504]);
const hitLabels = ["hit"];

export class HttpCache {
  readonly #store: EntryStore;
  readonly #answers: Counter;
  readonly #flights = new Map<string, Flight>();
  readonly #unshareable = new Unshareable();
  readonly #purged = new Purged();

  constructor({ bytesMax, metrics }: CacheOptions) {
    this.#store = new EntryStore(bytesMax);
    this.#answers = cacheMetrics(metrics, this.#store, bytesMax);
  }

  /** Forgets every answer with a surrogate key, and those that are on their way. */
  purgeKey(key: string): void {
    this.#purge(keyLabel(key));
  }

  /** Forgets everything: a purge may have been missed. */
  clear(): void {
    this.#purged.noteAll();
    this.#store.clear();
  }

  /** Answers a request, at once from what is stored. Rejects with what `ask` rejects with. */
  answer(request: CacheRequest, ask: AskOrigin): Answer | Promise<Answer> {
    const { method, hasBody } = request;
    const key = keyOf(request);
    const isRead = method === "GET" || method === "HEAD";
    const hit = isRead && request.isPlain && !hasBody && this.#wholeHit(request, key);
    if (hit) return hit;
    const passage = passageOf(request, key, ask);
    if (!isRead) return this.#pass(passage, "method");
    // A GET with a body may be answered by it, which is no part of the key.
    if (hasBody || isForOrigin(request)) return this.#pass(passage, "bypass");
    const entry = this.#store.find(key, request);
    const use = entry && useOf(entry.freshness, passage.directives, now());
    if (entry && use === "stale while revalidate") this.#renew(passage, entry);
    if (entry && (use === "fresh" || use === "stale while revalidate"))
      return this.#serve(entry, request, { hit: true, ttlS: ttlS(entry) });
    if (passage.directives.has("only-if-cached")) return notStored;
    const miss = this.#store.has(key) ? "vary-miss" : "uri-miss";
    const reason = use === "request" || use === "stale" ? use : miss;
    const isPart = fieldOf(request.headers, "range") !== undefined;
    const isAlone = !entry && (isPart || this.#unshareable.has(key));
    if (method === "HEAD" || isAlone || passage.directives.has("no-store"))
      return this.#pass(passage, reason);
    return this.#fetch(passage, entry, reason);
  }

  /** Of requests that went past the cache: what they changed is forgotten (RFC 9111, section 4.4). */
  onAnswer(
    { method, ...url }: Pick<CacheRequest, "method" | "host" | "target">,
    answer: Pick<Answer, "status" | "headers">,
  ): void {
    if (!isSafe(method)) for (const label of invalidatedBy(url, answer)) this.#purge(label);
  }

  /** For most requests: what is stored decides alone whether it is sent, and it is sent whole. */
  #wholeHit(request: CacheRequest, key: string): Answer | undefined {
    const entry = this.#store.find(key, request);
    const time = now();
    if (!entry || !isFresh(entry.freshness, time)) return undefined;
    this.#answers.add(hitLabels);
    return entry.hits.at(entry, time) ?? entry.hits.make(entry, { now: time, wallMs: wallTime() });
  }

  /** To the origin and back, storing nothing. */
  async #pass({ request, ask, key }: Passage, fwd: Forwarded): Promise<Answer> {
    const { method, headers, signal } = request;
    const answer = await ask(headers, signal);
    this.onAnswer(request, answer);
    const entry = method === "HEAD" ? this.#store.find(key, request) : undefined;
    // RFC 9111, section 4.3.5: what HEAD says of another representation makes the stored one worthless.
    if (entry && answer.status === 200 && !isAbout(answer.headers, entry.headers))
      this.#store.purge(urlLabel(request.host, request.target));
    this.#answers.add([fwd]);
    return forwarded(answer, fwd);
  }

  async #fetch(passage: Passage, entry: CacheEntry | undefined, fwd: Forwarded): Promise<Answer> {
    const { request, key } = passage;
    const flight = this.#flights.get(key);
    const label = urlLabel(request.host, request.target);
    if (flight && !this.#purged.isPurged(label, flight.startedAt)) {
      flight.join(request.signal);
      const stored = await this.#await(flight, entry, passage);
      if (stored)
        return this.#serve(stored, request, { hit: true, ttlS: ttlS(stored), isCollapsed: true });
    }
    const own = this.#takeOff(key);
    own.join(request.signal);
    return this.#lead(passage, entry, { flight: own, fwd });
  }

  /** What another's request brought, if it serves this one too. */
  async #await(
    flight: Flight,
    entry: CacheEntry | undefined,
    passage: Passage,
  ): Promise<CacheEntry | undefined> {
    const { request, directives } = passage;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = afterInBackground(collapseMsMax, () => resolve(undefined));
    try {
      const stored = await Promise.race([flight.stored, promise]);
      const isForThis = stored && isSelected(request.headers, stored.selection);
      return isForThis && useOf(stored.freshness, directives, now()) === "fresh"
        ? stored
        : undefined;
    } catch (thrown) {
      if (entry && mayStandIn(entry, passage)) return entry;
      throw thrown;
    } finally {
      timer.cancel();
    }
  }

  #takeOff(key: string): Flight {
    const flight = new Flight(now());
    if (!this.#flights.has(key)) this.#flights.set(key, flight);
    const end = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.stored.then(end, end);
    return flight;
  }

  /** Asks again in the background, unless somebody does already. */
  #renew(passage: Passage, entry: CacheEntry): void {
    if (this.#flights.has(passage.key)) return;
    const flight = this.#takeOff(passage.key);
    flight.join(undefined);
    this.#lead(passage, entry, { flight, fwd: "stale" }).then(
      ({ body }) => {
        if (isPiecewise(body)) body.cancel();
      },
      // The stale answer was sent; the next request tells its client.
      () => {},
    );
  }

  /** Asks the origin for all who wait. */
  async #lead(
    passage: Passage,
    entry: CacheEntry | undefined,
    { flight, fwd }: { readonly flight: Flight; readonly fwd: Forwarded },
  ): Promise<Answer> {
    const { request } = passage;
    try {
      const asked = await this.#ask(passage, entry, flight);
      const isFailed = failures.has(asked.answer.status);
      if (entry && isFailed && mayStandIn(entry, passage)) {
        if (isPiecewise(asked.answer.body)) asked.answer.body.cancel();
        flight.land(entry);
        return this.#serve(entry, request, { hit: true, ttlS: ttlS(entry) });
      }
      if (asked.entry) {
        const { entry: kept, status: fwdStatus, isStored = false } = asked;
        flight.land(isStored ? kept : undefined);
        return this.#serve(kept, request, { fwd, fwdStatus, isStored });
      }
      if (!isFailed) this.#forget(passage);
      flight.land(undefined);
      this.#answers.add([fwd]);
      return forwarded(ifModified(asked.answer, request), fwd);
    } catch (thrown) {
      flight.fail(thrown as Error);
      const isFailure = thrown instanceof NoAnswer && failures.has(thrown.status);
      if (entry && isFailure && mayStandIn(entry, passage))
        return this.#serve(entry, request, { hit: true, ttlS: ttlS(entry) });
      throw thrown;
    }
  }

  /** The resource is not for others now: nothing older may be sent in its place, and nobody waits for another's answer. */
  #forget({ key, request }: Passage): void {
    this.#unshareable.note(key);
    this.#store.purge(urlLabel(request.host, request.target));
  }

  /** Asks, under conditions where something is stored; stores or renews what came back. */
  async #ask(passage: Passage, entry: CacheEntry | undefined, flight: Flight): Promise<Asked> {
    const { request, ask } = passage;
    const requestedAt = now();
    const plain = without(without(request.headers, cacheConditions), ranges);
    const conditions = entry ? conditionsFor(entry.headers) : [];
    const answer = await ask([...plain, ...conditions], flight.signal);
    const { status, headers } = answer;
    const { startedAt } = flight;
    const isKeepable = (of: HeaderList, as: number) =>
      isStorable({ requestHeaders: request.headers, status: as, headers: of });
    if (status === 304 && entry && conditions.length > 0) {
      // About another representation than the stored one: ask for the whole.
      if (!isAbout(headers, entry.headers)) return this.#ask(passage, undefined, flight);
      const renewed = { ...entry, headers: updatedFields(entry.headers, headers) };
      if (!isKeepable(renewed.headers, entry.status)) return { answer: renewed, status };
      return this.#keep(passage, renewed, {
        requestedAt,
        startedAt,
        cameAs: status,
        former: entry,
      });
    }
    if (!isKeepable(headers, status)) return { answer, status };
    const body = await collectBody(answer.body, entryBytesMax);
    if (isPiecewise(body)) return { answer: { status, headers, body }, status };
    return this.#keep(
      passage,
      { status, headers, body },
      { requestedAt, startedAt, cameAs: status },
    );
  }

  #keep({ request, key }: Passage, whole: WholeAnswer, since: Since): Asked {
    const { requestedAt, cameAs } = since;
    // A 304 need not say the keys again.
    const keys = keyLabels(whole.headers) ?? since.former?.labels.slice(1) ?? [];
    const labels = [urlLabel(request.host, request.target), ...keys];
    const times = { requestedAt, receivedAt: now(), wallMs: wallTime() };
    const entry = makeEntry({ key, labels, request: request.headers, whole, times });
    // (A2)
    const isStored = !entry.labels.some((name) => this.#purged.isPurged(name, since.startedAt));
    if (isStored) this.#store.put(entry, request.headers);
    return { answer: whole, status: cameAs, entry, isStored };
  }

  #purge(label: string): void {
    this.#purged.note(label);
    this.#store.purge(label);
  }

  #serve(entry: CacheEntry, request: CacheRequest, deed: Parameters<typeof serveEntry>[2]): Answer {
    this.#answers.add(["hit" in deed ? "hit" : deed.fwd]);
    return serveEntry(entry, request, deed, { now: now(), wallMs: wallTime() });
  }
}
