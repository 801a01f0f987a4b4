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
import { now, wallTime } from "../../kit/index.ts";
import type { Counter, Metrics } from "../../telemetry/index.ts";
import { type Answer, isPiecewise, NoAnswer } from "../answer.ts";
import { AnswerStore } from "./answer-store.ts";
import { cacheMetrics } from "./cache-metrics.ts";
import { collectBody } from "./collect-body.ts";
import type { Forwarded } from "./core/cache-status.ts";
import type { CacheEntry } from "./core/entry.ts";
import { fieldOf, without } from "./core/fields.ts";
import { useOf } from "./core/freshness.ts";
import { invalidatedBy, isSafe } from "./core/invalidation.ts";
import { keyLabels, urlLabel } from "./core/labels.ts";
import { makeEntry, type WholeAnswer } from "./core/make-entry.ts";
import { serveEntry } from "./core/serve-entry.ts";
import { isStorable } from "./core/storable.ts";
import { cacheConditions, conditionsFor, isAbout, updatedFields } from "./core/validators.ts";
import { type Flight, Flights } from "./flights.ts";
import { landed } from "./landed.ts";
import {
  type Asked,
  type AskOrigin,
  type CacheRequest,
  forwarded,
  ifModified,
  isForOrigin,
  mayStandIn,
  notStored,
  type Passage,
  passageOf,
  type Since,
  ttlS,
} from "./passage.ts";
import { PlainHits } from "./plain-hits.ts";
import type { SharedAnswersOptions } from "./shared-answers.ts";
import { Unshareable } from "./unshareable.ts";

/** Bounds of a cache, where it counts, and what it shares with others. */
export interface CacheOptions {
  readonly bytesMax: number;
  readonly metrics: Metrics;
  readonly shared?: Omit<SharedAnswersOptions, "metrics"> | undefined;
}

/** Larger answers pass without being stored. */
const entryBytesMax = 1024 * 1024;
const ranges = new Set(["range", "if-range"]);
const failures = new Set([500, 502, 503, 504]);

export class HttpCache {
  readonly #store: AnswerStore;
  readonly #answers: Counter;
  readonly hits: PlainHits;
  readonly #flights = new Flights();
  readonly #unshareable = new Unshareable();

  constructor({ bytesMax, metrics, shared }: CacheOptions) {
    this.#store = new AnswerStore(bytesMax, shared && { ...shared, metrics });
    this.#answers = cacheMetrics(metrics, this.#store.memory, bytesMax);
    this.hits = new PlainHits(this.#store.memory, this.#answers);
  }

  /** For what takes answers out beside the requests themselves: events. */
  get store(): AnswerStore {
    return this.#store;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Answers a request, at once from what is stored. Rejects with what `ask` rejects with. */
  answer(request: CacheRequest, ask: AskOrigin): Answer | Promise<Answer> {
    const { method, hasBody, key } = request;
    const isRead = method === "GET" || method === "HEAD";
    const hit = isRead && request.isPlain && !hasBody && this.hits.find(key, request);
    if (hit) return hit;
    const passage = passageOf(request, ask);
    if (!isRead) return this.#pass(passage, "method");
    // A GET with a body may be answered by it, which is no part of the key.
    if (hasBody || isForOrigin(request)) return this.#pass(passage, "bypass");
    const stored = this.#answerStored(passage);
    if (stored) return stored;
    return this.#store.isShared ? this.#answerShared(passage) : this.#answerMissing(passage);
  }

  /** With what is in memory, if it may be sent. */
  #answerStored(passage: Passage): Answer | undefined {
    const { request, key, directives } = passage;
    const entry = this.#store.memory.find(key, request);
    const use = entry && useOf(entry.freshness, directives, now());
    if (entry && use === "stale while revalidate") this.#renew(passage, entry);
    return entry && (use === "fresh" || use === "stale while revalidate")
      ? this.#serve(entry, request, { hit: true, ttlS: ttlS(entry) })
      : undefined;
  }

  /** With what gateways share, which is in memory then. */
  async #answerShared(passage: Passage): Promise<Answer> {
    const known = { ...passage, ticket: await this.#store.look(passage) };
    return this.#answerStored(known) ?? this.#answerMissing(known);
  }

  #answerMissing(passage: Passage): Answer | Promise<Answer> {
    const { request, key } = passage;
    const entry = this.#store.memory.find(key, request);
    const use = entry && useOf(entry.freshness, passage.directives, now());
    if (passage.directives.has("only-if-cached")) return notStored;
    const miss = this.#hasVariants(passage) ? "vary-miss" : "uri-miss";
    const reason = use === "request" || use === "stale" ? use : miss;
    const isPart = fieldOf(request.headers, "range") !== undefined;
    const isAlone = !entry && (isPart || this.#unshareable.has(key));
    if (request.method === "HEAD" || isAlone || passage.directives.has("no-store"))
      return this.#pass(passage, reason);
    return this.#fetch(passage, entry, reason);
  }

  /** Of requests that went past the cache: what they changed is forgotten (RFC 9111, section 4.4). */
  onAnswer(
    { method, ...url }: Pick<CacheRequest, "method" | "host" | "target">,
    answer: Pick<Answer, "status" | "headers">,
  ): void {
    if (isSafe(method)) return;
    const labels = invalidatedBy(url, answer);
    if (labels.length > 0) this.#store.purge(labels, true);
  }

  /** To the origin and back, storing nothing. */
  async #pass({ request, ask, key }: Passage, fwd: Forwarded): Promise<Answer> {
    const { method, headers, signal } = request;
    const answer = await ask(headers, signal);
    this.onAnswer(request, answer);
    const entry = method === "HEAD" ? this.#store.memory.find(key, request) : undefined;
    // RFC 9111, section 4.3.5: what HEAD says of another representation makes the stored one worthless.
    if (entry && answer.status === 200 && !isAbout(answer.headers, entry.headers))
      this.#store.purge([urlLabel(request.host, request.target)], true);
    this.#answers.add([fwd]);
    return forwarded(answer, fwd);
  }

  async #fetch(passage: Passage, entry: CacheEntry | undefined, fwd: Forwarded): Promise<Answer> {
    const { request, key } = passage;
    const flight = this.#flights.get(key);
    const label = urlLabel(request.host, request.target);
    if (flight && !this.#store.isPurged(label, flight.startedAt)) {
      flight.join(request.signal);
      const stored = await landed(flight, entry, passage);
      if (stored)
        return this.#serve(stored, request, { hit: true, ttlS: ttlS(stored), isCollapsed: true });
    }
    const own = this.#flights.takeOff(key);
    own.join(request.signal);
    return this.#lead(passage, entry, { flight: own, fwd });
  }

  /** Asks again in the background, unless somebody does already. */
  #renew(passage: Passage, entry: CacheEntry): void {
    if (this.#flights.has(passage.key)) return;
    const flight = this.#flights.takeOff(passage.key);
    flight.join(undefined);
    this.#renewed(passage, entry, flight).then(
      ({ body }) => {
        if (isPiecewise(body)) body.cancel();
      },
      // The stale answer was sent; the next request tells its client.
      () => {},
    );
  }

  async #renewed(passage: Passage, entry: CacheEntry, flight: Flight): Promise<Answer> {
    if (!this.#store.isShared) return this.#lead(passage, entry, { flight, fwd: "stale" });
    const known = { ...passage, ticket: await this.#store.look(passage) };
    const newest = this.#store.memory.find(passage.key, passage.request) ?? entry;
    // Another gateway has asked.
    if (useOf(newest.freshness, passage.directives, now()) === "fresh") {
      flight.land(newest);
      return newest;
    }
    return this.#lead(known, newest, { flight, fwd: "stale" });
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
  #forget(passage: Passage): void {
    this.#unshareable.note(passage.key);
    const label = urlLabel(passage.request.host, passage.request.target);
    if (this.#hasVariants(passage)) this.#store.purge([label], true);
    else this.#store.memory.purge(label);
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

  #keep(passage: Passage, whole: WholeAnswer, since: Since): Asked {
    const { request, key } = passage;
    const { requestedAt, cameAs } = since;
    // A 304 need not say the keys again.
    const keys = keyLabels(whole.headers) ?? since.former?.labels.slice(1) ?? [];
    const labels = [urlLabel(request.host, request.target), ...keys];
    const times = { requestedAt, receivedAt: now(), wallMs: wallTime() };
    const entry = makeEntry({ key, labels, request: request.headers, whole, times });
    // (A2)
    const isStored = this.#store.put(entry, since.startedAt, passage);
    return { answer: whole, status: cameAs, entry, isStored };
  }

  /** Whether anything is stored for the URL, be it for other requests. */
  #hasVariants({ key, ticket }: Passage): boolean {
    return this.#store.memory.has(key) || ticket?.isVaried === true;
  }

  #serve(entry: CacheEntry, request: CacheRequest, deed: Parameters<typeof serveEntry>[2]): Answer {
    this.#answers.add(["hit" in deed ? "hit" : deed.fwd]);
    return serveEntry(entry, request, deed, { now: now(), wallMs: wallTime() });
  }
}
