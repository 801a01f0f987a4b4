/**
 * Stored answers in Redis, and the rules that hold between gateways, as scripts: Redis runs one at a time, so nothing comes between.
 *
 * ```
 *   PREFIX era      a hash: `id` of the data; `purges`, which is one more after each; `told`, those that are in the list
 *   PREFIX l:LABEL  the mark of a label: `c4` made when 4 purges were done, `p5` by the fifth
 *   PREFIX a:NAME   an answer, with the era and the marks of its labels when it was stored; or which fields it varies by
 *   PREFIX purges   the list of purges that other gateways do not learn of otherwise, the newest 10,000
 * ```
 * Invariants: (R1) an answer counts only while its era and all its marks are the present ones: what is lost, evicted or purged makes it
 * worthless, never the other way round; (R2) an answer that was asked for before a purge is not stored after it; (R3) each key but the
 * era, the list and the places has a time to live.
 */
import { createHash, randomUUID } from "node:crypto";
import type { HeaderList } from "../../http/index.ts";
import { now, wallTime } from "../../kit/index.ts";
import { type RedisConnection, RedisScript } from "../redis/index.ts";
import type { CacheEntry } from "./core/entry.ts";
import { keepMsOf, readEntry, varyOfEntry, writeEntry } from "./core/shared-entry.ts";
import { isSelected, type Selection, selectionOf } from "./core/vary.ts";

/** What was known when it was asked for an answer; storing it needs that (R2). */
export interface Ticket {
  readonly era: string;
  readonly purges: string;
  readonly at: number;
  /** Whether answers to this URL differ by what `Vary` names. */
  readonly isVaried: boolean;
}

/** What was found. */
export interface Found {
  readonly ticket: Ticket;
  readonly entry: CacheEntry | undefined;
}

/** The end of the list of purges. */
export interface NewestPurge {
  readonly place: string;
  /** Undefined: there is none. */
  readonly number: number | undefined;
}

/** A purge of another gateway. */
export interface ToldPurge {
  /** One more than that of the one before. */
  readonly number: number;
  /** Undefined: everything. */
  readonly labels: readonly string[] | undefined;
  readonly sender: string;
}

/** The mark of a purge is kept for so long, in ms: no ticket is older when something is stored with it. */
const markMs = 60_000;
const ticketMsMax = 30_000;
const toldMax = 10_000;
const readMax = 500;

const look = new RedisScript(`
local era = redis.call('HGET', KEYS[2], 'id')
if not era then
  era = ARGV[2]
  redis.call('HSET', KEYS[2], 'id', era, 'purges', 0, 'told', 0)
end
local purges = redis.call('HGET', KEYS[2], 'purges')
local found = redis.call('HMGET', KEYS[1], 'vary', 'era', 'marks', 'meta', 'body')
if found[1] then return {era, purges, found[1]} end
if not found[4] then return {era, purges} end
local isValid = found[2] == era
for label, mark in string.gmatch(found[3], '(%S+)=(%S+)') do
  isValid = isValid and redis.call('GET', ARGV[1] .. label) == mark
end
if isValid then return {era, purges, '', found[4], found[5]} end
redis.call('DEL', KEYS[1])
return {era, purges}`);

const keep = new RedisScript(`
local prefix, era, purges, ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local vary, meta, body = ARGV[5], ARGV[6], ARGV[7]
if redis.call('HGET', KEYS[1], 'id') ~= era then return 0 end
local marks = {}
for i = 8, #ARGV do
  local mark = redis.call('GET', prefix .. ARGV[i])
  if mark and string.sub(mark, 1, 1) == 'p' and tonumber(string.sub(mark, 2)) > purges then return 0 end
  marks[i - 7] = mark
end
local known = redis.call('HGET', KEYS[1], 'purges')
for i = 8, #ARGV do
  local key = prefix .. ARGV[i]
  if not marks[i - 7] then
    marks[i - 7] = 'c' .. known
    redis.call('SET', key, marks[i - 7], 'PX', ms)
  elseif redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, ms)
  end
  marks[i - 7] = ARGV[i] .. '=' .. marks[i - 7]
end
if vary ~= '' then
  local left = redis.call('PTTL', KEYS[3])
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[3], 'vary', vary)
  redis.call('PEXPIRE', KEYS[3], math.max(left, ms))
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'era', era, 'marks', table.concat(marks, ' '), 'meta', meta, 'body', body)
redis.call('PEXPIRE', KEYS[2], ms)
return 1`);

const purge = new RedisScript(`
local prefix, id, isAll, told, sender = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if isAll ~= '' or redis.call('HEXISTS', KEYS[1], 'id') == 0 then redis.call('HSET', KEYS[1], 'id', id) end
local number = redis.call('HINCRBY', KEYS[1], 'purges', 1)
for i = 6, #ARGV do redis.call('SET', prefix .. ARGV[i], 'p' .. number, 'PX', ${markMs}) end
if told ~= '' then
  local n = redis.call('HINCRBY', KEYS[1], 'told', 1)
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${toldMax}, '*', 'n', n, 'sender', sender, 'labels', told)
end
return number`);

export class RedisAnswers {
  readonly #connection: RedisConnection;
  readonly #answers: string;
  readonly #labels: string;
  readonly #era: string;
  readonly #purges: string;
  readonly #places: string;

  /** @param mesh keeps the answers of two meshes in one server apart. */
  constructor(connection: RedisConnection, mesh: string) {
    const prefix = `dure:${mesh}:cache:1:`;
    this.#connection = connection;
    this.#answers = `${prefix}a:`;
    this.#labels = `${prefix}l:`;
    this.#era = `${prefix}era`;
    this.#purges = `${prefix}purges`;
    this.#places = `${prefix}places`;
  }

  /** What a request would be answered with. */
  async look(key: string, request: HeaderList): Promise<Found> {
    const first = await this.#look(key, nameOf(key));
    if (!first.vary) return first;
    const selection = selectionOf(request, [["vary", first.vary]]);
    const { entry } = await this.#look(key, nameOf(key, selection));
    const isForThis = entry && isSelected(request, entry.selection);
    return { ticket: first.ticket, entry: isForThis ? entry : undefined };
  }

  /** Stores an answer, unless it was purged since, or is of no use for long enough. */
  async keep(entry: CacheEntry, ticket: Ticket, agreedMs: number | undefined): Promise<boolean> {
    const ms = keepMsOf(entry, now(), agreedMs);
    if (ms <= 0 || now() - ticket.at > ticketMsMax) return false;
    const { meta, body } = writeEntry(entry, { now: now(), wallMs: wallTime() });
    const name = this.#answers + nameOf(entry.key, entry.selection);
    const kept = await this.#connection.run(
      keep,
      [this.#era, name, this.#answers + nameOf(entry.key)],
      [
        ...[this.#labels, ticket.era, ticket.purges, String(ms), varyOfEntry(entry), meta, body],
        ...entry.labels.map((label) => nameOf(label)),
      ],
    );
    return Number(kept) === 1;
  }

  /** Takes labels out; all of them for undefined. `sender`: who tells the other gateways of it; undefined where they learn of it otherwise. */
  async purge(labels: readonly string[] | undefined, sender: string | undefined): Promise<void> {
    const told = sender === undefined ? "" : JSON.stringify(labels ?? null);
    await this.#connection.run(
      purge,
      [this.#era, this.#purges],
      [
        ...[this.#labels, randomUUID(), labels ? "" : "all", told, sender ?? ""],
        ...(labels ?? []).map((label) => nameOf(label)),
      ],
    );
  }

  /** From where purges are to be followed: the place of the newest in their list, and its number. */
  async newestPurge(): Promise<NewestPurge> {
    const newest = await this.#connection.send(["XREVRANGE", this.#purges, "+", "-", "COUNT", "1"]);
    const [[place, fields] = ["0-0", undefined]] = newest as [string, string[] | undefined][];
    return { place, number: fields && Number(fields[1]) };
  }

  /** The purges behind a place in the list, which come as they are made; none after `waitMs`. */
  async purgesFrom(
    connection: RedisConnection,
    place: string,
    waitMs: number,
  ): Promise<{ place: string; purges: readonly ToldPurge[] }> {
    const wanted = ["COUNT", String(readMax), "BLOCK", String(waitMs)];
    const words = ["XREAD", ...wanted, "STREAMS", this.#purges, place];
    const reply = await connection.send(words, waitMs);
    // A list in RESP2, an object in RESP3.
    const entries: [string, string[]][] = Array.isArray(reply)
      ? reply[0][1]
      : (Object.values(reply ?? {})[0] ?? []);
    return {
      place: entries.at(-1)?.[0] ?? place,
      purges: entries.map(([, [, number, , sender = "", , labels = "null"]]) => ({
        ...{ number: Number(number), sender },
        labels: (JSON.parse(labels) as string[] | null) ?? undefined,
      })),
    };
  }

  /** Up to where a topic's events were heeded by whoever came furthest. */
  async placeIn(topic: string): Promise<number | undefined> {
    const place = await this.#connection.send(["HGET", this.#places, topic]);
    return typeof place === "string" ? Number(place) : undefined;
  }

  async keepPlace(topic: string, place: number): Promise<void> {
    await this.#connection.send(["HSET", this.#places, topic, String(place)]);
  }

  async #look(key: string, name: string): Promise<Found & { readonly vary: string }> {
    const at = now();
    const reply = await this.#connection.run(
      look,
      [this.#answers + name, this.#era],
      [this.#labels, randomUUID()],
    );
    const [era = "", purges = "", vary = "", meta, body] = reply as string[];
    const times = { now: now(), wallMs: wallTime() };
    const entry =
      meta === undefined || body === undefined ? undefined : readEntry(key, { meta, body }, times);
    return { ticket: { era, purges, at, isVaried: vary !== "" }, entry, vary };
  }
}

/** The name under which an answer or a label is kept: short, and it tells nothing of who asked for what. */
function nameOf(key: string, selection: Selection = []): string {
  const text = selection.length > 0 ? `${key} ${JSON.stringify(selection)}` : key;
  return createHash("sha256").update(text).digest("base64url").slice(0, 32);
}
