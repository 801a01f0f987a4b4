/**
 * What the storage does in JetStream. One stream has three kinds of subjects: `events.<topic>`, blocks of events; `letters`, dead
 * letters; `state`, what changes in groups, and from time to time a snapshot of all that is known, from which the next one that opens the
 * log goes on.
 */
import type { EngineCall } from "../engine/engine-storage.ts";
import type { LogBook } from "../engine/log-book.ts";
import type { StorageCalls } from "../storage/requests.ts";
import type { AppendBatch } from "../types.ts";
import { writeBlock } from "./blocks.ts";
import { Assembler, partsOf } from "./frames.ts";
import { NatsGroups } from "./nats-groups.ts";
import { type Change, NatsState, type StateSnapshot } from "./nats-state.ts";
import type { NatsStream, NewMessage } from "./nats-stream.ts";
import { type Cut, NatsTopics, subjectOf, type TopicsSnapshot } from "./nats-topics.ts";

/** Stored since the last snapshot, in bytes and messages, before there is another: what has to be read when the log is opened. */
const snapshotAfter = { bytes: 16 * 1024 * 1024, messages: 10_000 };

type StateRecord =
  | { readonly snapshot: StateSnapshot & TopicsSnapshot }
  | { readonly changes: readonly Change[] };

export class NatsLog {
  readonly #stream: NatsStream;
  readonly #book: LogBook;
  readonly #state = new NatsState();
  readonly #topics: NatsTopics;
  readonly #groups: NatsGroups;
  readonly #since = { bytes: 0, messages: 0 };
  #snapshotBytes = 0;
  /** The last message of what was stored as a whole. */
  #reached = 0;

  /** @param book the same for all sessions. */
  constructor(stream: NatsStream, book: LogBook) {
    this.#stream = stream;
    this.#book = book;
    this.#topics = new NatsTopics(stream, book);
    this.#groups = new NatsGroups(stream, this.#state);
  }

  /** How often the log has been opened. */
  get incarnation(): number {
    return this.#state.incarnation;
  }

  /** Takes the stream, so that a former writer is refused from here on, and reads what it holds. */
  async open(): Promise<void> {
    await this.#stream.publish(this.#stateMessages({ changes: [] }));
    const last = this.#stream.last;
    this.#topics.restore({ topics: {}, sources: {} });
    const snapshotAt = await this.#readState(last);
    await this.#readBlocks(snapshotAt + 1, last);
    this.#book.passOverLost();
    this.#groups.changes.push({ do: "open", incarnation: this.#state.incarnation + 1 });
    await this.#flush();
  }

  async write(calls: readonly EngineCall[]): Promise<unknown[]> {
    try {
      const values: unknown[] = [];
      for (const call of calls) {
        if (readsFirst(call)) await this.#flush();
        values.push(await this.#change(call));
      }
      await this.#flush();
      if (this.#isLong()) await this.#writeSnapshot();
      return values;
    } catch (thrown) {
      this.#topics.onRefused();
      this.#groups.forgetPlan();
      throw thrown;
    }
  }

  /** Whether what was asked of the server since the last write that succeeded has left nothing; else the log must be opened again. */
  async isAsKnown(): Promise<boolean> {
    return this.#reached === (await this.#stream.lastStored().catch(() => undefined));
  }

  async read({ name, input }: EngineCall): Promise<unknown> {
    if (name === "read") return this.#topics.read(input as StorageCalls["read"]["in"]);
    if (name === "deadLetters")
      return this.#groups.deadLetters(input as StorageCalls["deadLetters"]["in"]);
    return {
      incarnation: this.incarnation,
      path: `NATS stream ${this.#stream.name}`,
      topics: this.#book.overview(),
      groups: this.#state.overview(),
    } satisfies StorageCalls["overview"]["out"];
  }

  #change({ name, input, at }: EngineCall): unknown {
    switch (name) {
      case "append":
        return this.#topics.append(input as AppendBatch, at);
      case "openGroup":
        return this.#openGroup(input as StorageCalls["openGroup"]["in"]);
      case "saveGroup":
        return this.#groups.save(input as StorageCalls["saveGroup"]["in"], at);
      case "revive":
        return this.#groups.revive(input as StorageCalls["revive"]["in"], at);
      default:
        return this.#retain(input as StorageCalls["retain"]["in"]);
    }
  }

  #openGroup({ name, topic, start }: StorageCalls["openGroup"]["in"]) {
    const { first = 0, next = 0 } = this.#book.topics.get(topic) ?? {};
    return this.#groups.open(name, topic, start === "now" ? next : first);
  }

  /** What a topic was is in the snapshot before it is dropped. */
  async #retain(retention: StorageCalls["retain"]["in"]): Promise<number> {
    const { dropped, cuts } = await this.#topics.retain(retention);
    if (cuts.length > 0) await this.#writeSnapshot(cuts);
    return dropped;
  }

  async #flush(): Promise<void> {
    const { changes, letters } = this.#groups;
    const messages: NewMessage[] = letters.map((data) => {
      return { subject: `${this.#stream.name}.letters`, data };
    });
    const seqs = this.#topics.planned.map((block) => {
      const seq = this.#stream.last + 1 + messages.length;
      const { numbers, text } = writeBlock(block);
      const subject = subjectOf(this.#stream, block.topic);
      for (const data of partsOf(numbers, text, this.#stream.payloadMax))
        messages.push({ subject, data });
      return seq;
    });
    if (changes.length > 0) messages.push(...this.#stateMessages({ changes }));
    await this.#store(messages);
    this.#topics.onStored(seqs);
    for (const change of structuredClone(changes)) this.#state.apply(change);
    this.#groups.forgetPlan();
  }

  async #store(messages: readonly NewMessage[]): Promise<number> {
    if (messages.length > 0) await this.#stream.publish(messages);
    this.#reached = this.#stream.last;
    const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
    this.#since.bytes += bytes;
    this.#since.messages += messages.length;
    return bytes;
  }

  #isLong(): boolean {
    const bytesMax = Math.max(snapshotAfter.bytes, 2 * this.#snapshotBytes);
    return this.#since.bytes > bytesMax || this.#since.messages > snapshotAfter.messages;
  }

  async #writeSnapshot(cuts: readonly Cut[] = []): Promise<void> {
    const snapshot = { ...this.#state.snapshot(), ...this.#topics.snapshot() };
    const first = this.#stream.last + 1;
    this.#snapshotBytes = await this.#store(this.#stateMessages({ snapshot }));
    this.#since.bytes = 0;
    this.#since.messages = 0;
    const oldState = { subject: `${this.#stream.name}.state`, seq: first };
    for (const { subject, seq } of [oldState, ...cuts]) await this.#stream.purge(subject, seq);
  }

  /** Gives back where the newest snapshot is. */
  async #readState(last: number): Promise<number> {
    const assembler = new Assembler();
    let snapshotAt = 0;
    for await (const { seq, data } of this.#stream.messages(`${this.#stream.name}.state`, 1)) {
      const whole = assembler.add(data);
      const found = whole && (JSON.parse(whole.text) as StateRecord);
      if (found && "snapshot" in found) {
        this.#state.restore(found.snapshot);
        this.#topics.restore(found.snapshot);
        this.#snapshotBytes = data.length;
        snapshotAt = seq;
      } else for (const change of found?.changes ?? []) this.#state.apply(change);
      if (seq === last) break;
    }
    return snapshotAt;
  }

  async #readBlocks(from: number, last: number): Promise<void> {
    const assembler = new Assembler();
    for await (const { seq, subject, data } of this.#stream.messages(
      `${this.#stream.name}.>`,
      from,
    )) {
      this.#since.bytes += data.length;
      this.#since.messages += 1;
      if (subject.startsWith(`${this.#stream.name}.events.`)) {
        const block = assembler.add(data);
        if (block) this.#topics.onBlock(subject, block.numbers, block.text);
      }
      if (seq === last) break;
    }
  }

  #stateMessages(record: StateRecord): NewMessage[] {
    const parts = partsOf([], JSON.stringify(record), this.#stream.payloadMax);
    return parts.map((data) => ({ subject: `${this.#stream.name}.state`, data }));
  }
}

/** Whether a change depends on those before it being stored. */
function readsFirst({ name, input }: EngineCall): boolean {
  if (name === "append") return false;
  return name !== "saveGroup" || (input as StorageCalls["saveGroup"]["in"]).bury.length > 0;
}
