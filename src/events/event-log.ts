import { Buffer } from "node:buffer";
import { afterInBackground, DureError, now } from "../kit/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { ConsumerGroup, type Sign } from "./consumer-group.ts";
import { allLanes, lanesFromText } from "./core/lanes.ts";
import {
  eventsIn,
  nextOf,
  onlyLanes,
  type PackedBatch,
  type StoredBlock,
} from "./core/packed-events.ts";
import type { PollAnswer } from "./core/poll-answer.ts";
import { checkedSize } from "./core/sizes.ts";
import { type DelayedEvent, DelayedEvents, delayedGroup } from "./delayed-events.ts";
import type { GroupLag } from "./log-metrics.ts";
import type { Appended } from "./storage/log-file.ts";
import type { Storage } from "./storage/storage.ts";
import { TopicFeed } from "./topic-feed.ts";
import { eventLimits } from "./types.ts";

/** What waits for the disk; beyond that publishers are told to wait. */
const pendingBytesMax = 64 * 1024 * 1024;

/** What the log does: stores, hands out, keeps account of groups. Everything it acknowledges is on disk. */
export class EventLog {
  readonly path: string;
  readonly #storage: Storage;
  readonly #incarnation: number;
  readonly #feeds = new Map<string, TopicFeed>();
  readonly #groups = new Map<string, Promise<ConsumerGroup>>();
  /** Those of them that are open. */
  readonly #open = new Map<string, OpenGroup>();
  readonly #closed = new AbortController();
  #pendingBytes = 0;
  #delayed!: DelayedEvents;

  static async open(storage: Storage, logger: Logger = silentLogger): Promise<EventLog> {
    const { incarnation, path, topics, groups } = await storage.call("overview", undefined);
    const log = new EventLog(storage, incarnation, path);
    for (const { name, next } of topics) log.#feeds.set(name, new TopicFeed(name, storage, next));
    const restartedAt = now();
    log.#delayed = await DelayedEvents.open(storage, logger, (batch) => log.append(batch));
    for (const { name, topic } of groups) {
      if (name === delayedGroup) continue;
      const saved = await storage.call("openGroup", { name, topic, start: "beginning" });
      const group = new ConsumerGroup(storage, saved, { incarnation, restartedAt });
      log.#groups.set(`${name} ${topic}`, Promise.resolve(group));
      log.#open.set(`${name} ${topic}`, { name, topic, group });
    }
    return log;
  }

  private constructor(storage: Storage, incarnation: number, path: string) {
    this.#storage = storage;
    this.#incarnation = incarnation;
    this.path = path;
  }

  async append(batch: PackedBatch): Promise<{ duplicates: number }> {
    const bytes = checkBatch(batch);
    if (this.#pendingBytes + bytes > pendingBytesMax) {
      const message = `${this.#pendingBytes} bytes wait for the disk of the event log; publish more slowly`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    this.#pendingBytes += bytes;
    try {
      const appended = await this.#storage.call("append", batch);
      const { next, duplicates } = appended;
      for (const [topic, offset] of Object.entries(next)) {
        const newest = () => (duplicates === 0 ? storedBlocks(batch, topic, appended) : []);
        this.#feed(topic).onAppended(offset, newest);
      }
      return { duplicates };
    } finally {
      this.#pendingBytes -= bytes;
    }
  }

  delay(delayed: DelayedEvent): Promise<void> {
    checkedSize(delayed.event);
    return this.#delayed.add(delayed);
  }

  /** Those who wait are answered. */
  close(): void {
    this.#closed.abort();
    this.#delayed.close();
  }

  async poll(
    {
      topic,
      from,
      lanes,
      max,
      waitMs,
    }: { topic: string; from: number; lanes?: string | undefined; max: number; waitMs: number },
    signal: AbortSignal,
  ): Promise<PollAnswer> {
    const feed = this.#feed(topic);
    const wanted = lanes === undefined || lanes === allLanes ? undefined : lanesFromText(lanes);
    const stop = new AbortController();
    const timer = afterInBackground(waitMs, () => stop.abort());
    const either = AbortSignal.any([signal, stop.signal, this.#closed.signal]);
    try {
      for (let at = from; ; ) {
        await feed.arrival(at, either);
        const end = feed.next;
        const read = await feed.read(at, max);
        const last = read.at(-1);
        // Nothing at all before the end: all of it is missing.
        const oldest = Math.max(at, read[0]?.offset ?? end);
        const blocks = wanted ? read.flatMap((block) => onlyLanes(block, wanted) ?? []) : read;
        const next = last ? nextOf(last) : Math.max(at, end);
        // What was passed over since `from` is of other lanes; only what the log has no more is missing.
        const isMissing = oldest > at;
        if (blocks.length > 0 || either.aborted || isMissing)
          return { blocks, next, first: isMissing ? oldest : from };
        at = next;
      }
    } finally {
      timer.cancel();
    }
  }

  async renew({ group, topic, start, ...sign }: RenewInput) {
    return (await this.#group(group, topic, start)).renew(sign, now());
  }

  async parked(input: { group: string; topic: string; lanes: string; from: number }) {
    const group = await this.#group(input.group, input.topic, "beginning");
    return group.parkedIn(lanesFromText(input.lanes), input.from);
  }

  async commit({
    group,
    topic,
    ...commit
  }: { group: string; topic: string } & Parameters<ConsumerGroup["commit"]>[0]) {
    return { stale: await (await this.#group(group, topic, "beginning")).commit(commit, now()) };
  }

  /** How far behind each group is. */
  *lags(): Generator<GroupLag> {
    for (const open of this.#open.values()) yield this.#lagOf(open);
  }

  async overview() {
    const { path, topics, groups } = await this.#storage.call("overview", undefined);
    const rows = groups.filter(isNotOwn).map(async ({ name, topic, dead }) => {
      const group = await this.#group(name, topic, "beginning");
      return { ...this.#lagOf({ name, topic, group }), dead };
    });
    const delayed = this.#delayed.size;
    return { path, delayed, topics: [...topics], groups: await Promise.all(rows) };
  }

  async replay(input: { id: number; body?: string | undefined }) {
    const revived = await this.#storage.call("revive", input);
    if (!revived) return undefined;
    const { letter, parked } = revived;
    const { topic } = letter.event;
    if (parked) (await this.#group(letter.group, topic, "beginning")).revive(parked);
    return { group: letter.group, topic };
  }

  /** Takes a letter away for good; undefined if there is none of that id. */
  async drop({ id }: { id: number }) {
    return this.#storage.call("revive", { id, isDropped: true });
  }

  async *tail({ topic, from }: { topic: string; from?: number | undefined }, signal: AbortSignal) {
    const feed = this.#feed(topic);
    const either = AbortSignal.any([signal, this.#closed.signal]);
    let at = from ?? feed.next;
    while (!either.aborted) {
      await feed.arrival(at, either);
      for (const event of eventsIn(topic, await feed.read(at), at)) {
        yield event;
        at = event.offset + 1;
      }
    }
    if (!signal.aborted)
      throw new DureError("UNAVAILABLE", "another process has had the event log; ask again");
  }

  #lagOf({ name, topic, group }: OpenGroup): GroupLag {
    const lag = Math.max(0, this.#feed(topic).next - group.cursor);
    return { name, topic, members: group.memberCount, lag, parked: group.parkedCount };
  }

  #feed(topic: string): TopicFeed {
    let feed = this.#feeds.get(topic);
    if (!feed) {
      if (this.#feeds.size >= eventLimits.topicsMax)
        throw new DureError(
          "RESOURCE_EXHAUSTED",
          `the log has ${eventLimits.topicsMax} topics, and that is the most`,
        );
      feed = new TopicFeed(topic, this.#storage, 0);
      this.#feeds.set(topic, feed);
    }
    return feed;
  }

  #group(name: string, topic: string, start: "beginning" | "now"): Promise<ConsumerGroup> {
    const key = `${name} ${topic}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = this.#storage.call("openGroup", { name, topic, start }).then((saved) => {
        const incarnation = this.#incarnation;
        const opened = new ConsumerGroup(this.#storage, saved, { incarnation });
        this.#open.set(key, { name, topic, group: opened });
        return opened;
      });
      this.#groups.set(key, group);
      group.catch(() => this.#groups.delete(key));
    }
    return group;
  }
}

interface OpenGroup {
  readonly name: string;
  readonly topic: string;
  readonly group: ConsumerGroup;
}

interface RenewInput extends Sign {
  group: string;
  topic: string;
  start: "beginning" | "now";
}

/** What of a batch was stored in a topic, as it would be read. */
function storedBlocks(
  { source, epoch, seq, runs }: PackedBatch,
  topic: string,
  { next, at }: Appended,
): StoredBlock[] {
  const blocks: StoredBlock[] = [];
  let number = runs.reduce((sum, { count }) => sum + count, seq);
  let offset = next[topic] as number;
  // From the last one back: where it ends is what the answer tells.
  for (const run of runs.toReversed()) {
    const { count } = run;
    number -= count;
    if (run.topic !== topic) continue;
    offset -= count;
    const events = Buffer.from(run.events, "base64");
    blocks.push({ offset, count, at: at[topic] as number, source, epoch, seq: number, events });
  }
  return blocks.reverse();
}

/** Its size, roughly. Throws INVALID_ARGUMENT for too many events; how large they are is found when they are stored. */
function checkBatch({ runs }: PackedBatch): number {
  let size = 0;
  let total = 0;
  for (const { count, events } of runs) {
    size += events.length;
    total += count;
  }
  if (total <= eventLimits.batchEventsMax) return size;
  const message = `an append of ${total} events; the most is ${eventLimits.batchEventsMax}`;
  throw new DureError("INVALID_ARGUMENT", message);
}

function isNotOwn({ name }: { readonly name: string }): boolean {
  return name !== delayedGroup;
}
