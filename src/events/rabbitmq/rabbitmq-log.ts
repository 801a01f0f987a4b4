import { DureError, every, now, sleep, type Timer } from "../../kit/index.ts";
import { eventSize } from "../core/sizes.ts";
import type { EngineCall } from "../engine/engine-storage.ts";
import type { StorageCalls } from "../storage/requests.ts";
import type { Retention } from "../storage/topic-file.ts";
import type { StoredEvent } from "../types.ts";
import { Archive, type ArchiveRoot } from "./archive.ts";
import { type Change, LogState, type Outcome, type StateItem } from "./core/log-state.ts";
import { RecentEvents } from "./core/recent-events.ts";
import { Journal, type JournalRecord } from "./journal.ts";
import type { RabbitmqLink } from "./rabbitmq-link.ts";

/** Of one record, roughly: RabbitMQ 4 takes messages of 16 MiB. */
const recordSizeMax = 4 * 1024 * 1024;
/** Linux has written what is in its page cache to disk after 35 s (vm.dirty_expire_centisecs and vm.dirty_writeback_centisecs). */
const holdMs = 40_000;
/** The journal; beyond that publishers are told to wait until the oldest of it has been held for long enough, in bytes. */
const journalBytesMax = 1024 ** 3;
/** From so many messages in the journal on writes come one by one, in a rhythm in which a channel's window of 65,535 is enough. */
const unhurriedMax = 30_000;
const rhythmMs = 1;
/** What the archive may lag behind, in bytes. */
const lagBytesMax = 32 * 1024 * 1024;
const tendEveryMs = 10_000;
/** The server closes a channel that has held a message for half an hour (`consumer_timeout`). */
const rootMsMax = 10 * 60_000;

/** RabbitMQ writes down that there is a quorum queue, but not at once: killed within a second of making one, 3.10 never has it again. */
const newQueueMs = 3_000;
/** AMQP 0-9-1's code of a queue that is exclusive to another connection. */
const resourceLocked = 405;

const emptyRoot: ArchiveRoot = { segments: [], nextId: 0, waste: [] };

/** The log on a connection that is the journal's consumer. */
export class RabbitmqLog {
  readonly #link: RabbitmqLink;
  readonly #journal: Journal;
  readonly #archive: Archive;
  readonly #state = new LogState();
  readonly #recent = new RecentEvents();
  readonly #timer: Timer;
  #last = -1;
  #epoch = 0;
  #rootAt = 0;
  /** The write under way. */
  #writing: Promise<unknown> = Promise.resolve();
  /** The read of a segment under way: each has a channel. */
  #reading: Promise<unknown> = Promise.resolve();

  /** Takes the log over. Rejects with ALREADY_EXISTS while another process has it, DATA_LOSS where records are missing. */
  static async open(link: RabbitmqLink, name: string): Promise<RabbitmqLog> {
    const journal = await Journal.open(link, `${name}.journal`);
    await lock(link, `${name}.lock`);
    const found = await journal.takeOver();
    const root = found.findLast((record) => record.root)?.root ?? emptyRoot;
    if (root === emptyRoot) await sleep(newQueueMs);
    const channel = await link.confirmChannel();
    const archive = new Archive(link, channel, { prefix: name, root });
    const log = new RabbitmqLog(link, journal, archive);
    await log.#recover(found);
    return log;
  }

  private constructor(link: RabbitmqLink, journal: Journal, archive: Archive) {
    this.#link = link;
    this.#journal = journal;
    this.#archive = archive;
    this.#timer = every(tendEveryMs, () => {
      if (link.isOver) this.#timer.cancel();
      else this.#alone(() => this.#tend()).catch(() => {});
    });
  }

  /** How often the log has been opened, this time included. */
  get opening(): number {
    return this.#epoch;
  }

  /** Rejects when none of the calls counts for sure, and then the connection is lost; what is refused by itself is an error among the answers. */
  write(calls: readonly EngineCall[]): Promise<unknown[]> {
    return this.#alone(async () => {
      const { count, size } = this.#journal.held;
      if (size > journalBytesMax) {
        const message = `${size} bytes may not be on RabbitMQ's disks yet; publish more slowly`;
        return calls.map(() => new DureError("RESOURCE_EXHAUSTED", message));
      }
      if (count > unhurriedMax) await sleep(rhythmMs);
      if (this.#archive.pendingBytes > lagBytesMax) await this.#archive.settled();
      const outcomes = calls.map((call) => this.#execute(call));
      await this.#record(outcomes);
      if (this.#archive.root.waste.length > 0) {
        await this.#writeRoot();
        await this.#archive.clean();
      }
      if (this.#archive.isFull) await this.#begin();
      await this.#tend();
      return outcomes.map(({ answer }) => answer);
    });
  }

  async read({ name, input }: EngineCall): Promise<unknown> {
    switch (name) {
      case "read":
        return this.#read(input as StorageCalls["read"]["in"]);
      case "deadLetters":
        return this.#state.groups.deadLetters(input as StorageCalls["deadLetters"]["in"]);
      default: {
        const topics = this.#state.book.overview();
        const groups = this.#state.groups.overview();
        return { incarnation: this.#epoch, path: "RabbitMQ", topics, groups };
      }
    }
  }

  close(): void {
    this.#timer.cancel();
  }

  #execute(call: EngineCall): Outcome {
    try {
      if (call.name === "retain") return this.#retain(call.input as Retention & { now: number });
      return this.#state.execute(call);
    } catch (thrown) {
      return { answer: thrown };
    }
  }

  #retain(retention: Retention & { now: number }): Outcome {
    const nextOf = (topic: string) => this.#state.book.topics.get(topic)?.next ?? 0;
    const { count, topics } = this.#archive.expire(retention, nextOf);
    const sources = this.#state.silentSources(retention.now);
    if (count === 0 && sources.length === 0) return { answer: 0 };
    const input = { topics, sources };
    this.#state.drop(input);
    return { answer: count, change: { name: "drop", input } };
  }

  async #read({ topic, from, bounds }: StorageCalls["read"]["in"]): Promise<StoredEvent[]> {
    const { first = 0, next = 0 } = this.#state.book.topics.get(topic) ?? {};
    const start = Math.max(first, from);
    if (start >= next) return [];
    const recent = this.#recent.read(topic, start, bounds);
    if (recent) return recent;
    const events = this.#reading.then(() => this.#archive.read(topic, start, bounds));
    this.#reading = events.catch(() => {});
    return events;
  }

  /** Writes what has changed, in as many records as it takes. */
  async #record(outcomes: readonly Outcome[]): Promise<void> {
    let changes: Change[] = [];
    let events: StoredEvent[] = [];
    let size = 0;
    for (const { change, events: stored = [] } of outcomes) {
      if (!change) continue;
      const changeSize = sizeOf(change);
      if (changes.length > 0 && size + changeSize > recordSizeMax) {
        await this.#write({ changes }, events);
        [changes, events, size] = [[], [], 0];
      }
      changes.push(change);
      events.push(...stored);
      size += changeSize;
    }
    if (changes.length > 0) await this.#write({ changes }, events);
  }

  async #write(
    told: Pick<JournalRecord, "changes" | "root">,
    events: readonly StoredEvent[],
  ): Promise<void> {
    this.#last += 1;
    const record: JournalRecord = { n: this.#last, epoch: this.#epoch, ...told };
    const content = Buffer.from(JSON.stringify(record));
    await this.#journal.write(record, content);
    this.#keep(record.n, content, events);
  }

  #keep(n: number, content: Buffer, events: readonly StoredEvent[]): void {
    this.#archive.copy(n, content, events);
    this.#recent.add(n, events);
    this.#recent.trim(this.#archive.archived);
  }

  async #writeRoot(): Promise<void> {
    await this.#write({ changes: [], root: this.#archive.root }, []);
    this.#rootAt = now();
  }

  /** Begins another segment. */
  async #begin(): Promise<void> {
    const id = this.#archive.reserve();
    await this.#writeRoot();
    await this.#archive.begin(id, this.#last, this.#state.items());
    await this.#writeRoot();
  }

  /** Lets go what the journal need not keep. */
  async #tend(): Promise<void> {
    const { count, withRoot } = this.#journal.spent(this.#archive.archived, holdMs);
    if (count === 0 || (count === 1 && withRoot && now() - this.#rootAt < rootMsMax)) return;
    if (withRoot) await this.#writeRoot();
    this.#journal.release(count);
  }

  async #recover(found: readonly JournalRecord[]): Promise<void> {
    const redo = ({ changes }: JournalRecord) =>
      changes.flatMap((change) => this.#state.redo(change));
    const restore = (item: StateItem) => this.#state.restore(item);
    this.#last = (await this.#archive.load({ restore, redo })) ?? -1;
    for (const record of found) {
      if (record.n <= this.#last) continue;
      if (record.n > this.#last + 1) {
        const message = `the event log in RabbitMQ has no record ${this.#last + 1}, though it has record ${record.n}: its streams have lost more than its journal keeps. Restore them, or begin a log of another name`;
        throw new DureError("DATA_LOSS", message);
      }
      this.#last = record.n;
      this.#keep(record.n, Buffer.from(JSON.stringify(record)), redo(record));
    }
    this.#epoch = (found.at(-1)?.epoch ?? 0) + 1;
    // From here on nothing counts that a former process writes.
    if (this.#archive.root.segments.length > 0) await this.#writeRoot();
    else await this.#begin();
    await this.#archive.clean();
  }

  /** One after another. What fails half-way ends the connection: what is in memory may not be what is stored. */
  #alone<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#writing.then(work).catch((thrown) => {
      this.#link.fail(thrown);
      throw thrown;
    });
    this.#writing = result.catch(() => {});
    return result;
  }
}

/** Takes a queue that is the connection's alone, and goes with it. */
async function lock(link: RabbitmqLink, queue: string): Promise<void> {
  const channel = await link.channel();
  try {
    const options = { durable: false, exclusive: true };
    await link.answer("the log's lock", () => channel.assertQueue(queue, options));
  } catch (thrown) {
    if ((thrown as { code?: number }).code !== resourceLocked) throw thrown;
    throw new DureError(
      "ALREADY_EXISTS",
      "this virtual host's event log is in use by another process; a log has one process, stop the other or choose another virtual host",
    );
  }
}

/** Characters, roughly. */
function sizeOf(change: Change): number {
  if (change.name !== "append") return JSON.stringify(change).length;
  return change.input.events.reduce((sum, event) => sum + eventSize(event), 0);
}
