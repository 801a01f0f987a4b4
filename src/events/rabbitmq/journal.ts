/**
 * The newest changes, in a quorum queue. The server has synced a message to the disks of a majority before it delivers it, and what has
 * not been acknowledged stays; so the log acknowledges late, once the archive has the same.
 *
 * Only one consumer is active at a time ("Single Active Consumer" in RabbitMQ's documentation), which the queue itself decides, by
 * consensus. Invariants: (J1) a change counts once it has been delivered back to who wrote it; so a process that is no longer the
 * consumer has nothing acknowledged any more, whatever it still writes. (J2) Who follows is delivered everything that counted, in order.
 * (J3) What a former process wrote and nobody had delivered is passed over from the first record of the next epoch on.
 */
import { randomUUID } from "node:crypto";
import { DureError, now } from "../../kit/index.ts";
import type { ArchiveRoot } from "./archive.ts";
import type { Change } from "./core/log-state.ts";
import type {
  RabbitmqChannel,
  RabbitmqConfirmChannel,
  RabbitmqMessage,
} from "./rabbitmq-client.ts";
import type { RabbitmqLink } from "./rabbitmq-link.ts";

/** What is written at once. Numbers have no gaps, over all epochs. */
export interface JournalRecord {
  readonly n: number;
  /** Of who wrote it: each opening of the log begins another. */
  readonly epoch: number;
  readonly changes: readonly Change[];
  /** Which segments there are, in some records; the newest one counts. */
  readonly root?: ArchiveRoot;
}

interface Held {
  /** What it is acknowledged by. Its content would fill the memory. */
  readonly tag: Pick<RabbitmqMessage, "fields">;
  readonly size: number;
  /** Undefined for what nobody needs. */
  readonly n: number | undefined;
  readonly isRoot: boolean;
  readonly at: number;
}

interface Awaited {
  readonly n?: number;
  readonly isRoot: boolean;
  resolve(): void;
}

/** The most that a channel may have unacknowledged (AMQP 0-9-1: 16 bits). */
const windowMax = 65_535;

/** How long a queue that has a leader may take for the first message, in ms. */
const leaderMs = 3_000;

export class Journal {
  readonly #link: RabbitmqLink;
  readonly #queue: string;
  readonly #publisher: RabbitmqConfirmChannel;
  readonly #consumer: RabbitmqChannel;
  readonly #held: Held[] = [];
  readonly #awaited = new Map<string, Awaited>();
  /** What counts of what was found, until all has been read. */
  #found: JournalRecord[] | undefined;
  #heldSize = 0;

  /** Makes the queue if it is missing. Another process may be using it. */
  static async open(link: RabbitmqLink, queue: string): Promise<Journal> {
    const publisher = await link.confirmChannel();
    await link.answer(`the queue ${queue}`, () =>
      publisher.assertQueue(queue, {
        durable: true,
        arguments: {
          "x-queue-type": "quorum",
          "x-single-active-consumer": true,
          // From RabbitMQ 4 on a message is dropped after 20 deliveries, and each opening is one.
          "x-delivery-limit": 1_000_000_000,
        },
      }),
    );
    // While the queue has no leader, as right after a start of the server, a channel that uses it may hang for a minute, and its
    // connection keeps what is locked. So this one is tried before.
    const mark = { id: `mark ${randomUUID()}`, content: Buffer.alloc(0) };
    await link.publish(publisher, queue, mark, leaderMs);
    return new Journal(link, queue, { publisher, consumer: await link.channel() });
  }

  private constructor(
    link: RabbitmqLink,
    queue: string,
    channels: { publisher: RabbitmqConfirmChannel; consumer: RabbitmqChannel },
  ) {
    this.#link = link;
    this.#queue = queue;
    this.#publisher = channels.publisher;
    this.#consumer = channels.consumer;
  }

  /** How many messages are held for whoever follows, and their size in bytes. */
  get held(): { readonly count: number; readonly size: number } {
    return { count: this.#held.length, size: this.#heldSize };
  }

  /** Begins to consume. Gives back the records that count, oldest first. */
  async takeOver(): Promise<readonly JournalRecord[]> {
    const records: JournalRecord[] = [];
    this.#found = records;
    await this.#link.answer("a window", () => this.#consumer.prefetch(windowMax));
    const first = `mark ${randomUUID()}`;
    const isConsumer = this.#back(first, { isRoot: false });
    const content = Buffer.alloc(0);
    await this.#link.publish(this.#publisher, this.#queue, { id: first, content });
    await this.#link.answer(`what is stored in ${this.#queue}`, async (heard) => {
      await this.#consumer.consume(this.#queue, (message) => {
        heard();
        try {
          this.#onDelivery(message);
        } catch (thrown) {
          this.#link.fail(thrown as Error);
        }
      });
      await isConsumer;
      // From here on nobody else is delivered anything: what counts is there, and has come when this comes.
      await this.#send({ isRoot: false }, `mark ${randomUUID()}`, content);
    });
    this.#found = undefined;
    return records;
  }

  /** Resolves when the record counts. */
  write({ n, epoch, root }: Omit<JournalRecord, "changes">, content: Buffer): Promise<void> {
    const ask = () => this.#send({ n, isRoot: root !== undefined }, `${epoch}:${n}`, content);
    return this.#link.answer(`record ${n} of ${this.#queue}`, ask);
  }

  /**
   * Messages at the front that can go: held for `holdMs`, with all records among them archived. `withRoot`: whether the newest root is
   * one of them, which has to be written again first.
   */
  spent(archived: number, holdMs: number): { readonly count: number; readonly withRoot: boolean } {
    const before = now() - holdMs;
    const isNeeded = ({ n = -1, at }: Held) => at > before || n > archived;
    const end = this.#held.findIndex(isNeeded);
    const count = end === -1 ? this.#held.length : end;
    return { count, withRoot: count > this.#held.findLastIndex(({ isRoot }) => isRoot) };
  }

  /** Lets the first messages go. */
  release(count: number): void {
    const gone = this.#held.splice(0, count);
    const last = gone.at(-1);
    if (!last) return;
    for (const { size } of gone) this.#heldSize -= size;
    this.#consumer.ack(last.tag, true);
  }

  async #send(record: Omit<Awaited, "resolve">, id: string, content: Buffer): Promise<void> {
    const isBack = this.#back(id, record);
    await this.#link.publish(this.#publisher, this.#queue, { id, content });
    await isBack;
  }

  /** Resolves when a message is delivered. */
  #back(id: string, record: Omit<Awaited, "resolve">): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.set(id, { ...record, resolve });
    });
  }

  #onDelivery(message: RabbitmqMessage | null): void {
    if (!message) return this.#link.fail(new Error(`the queue ${this.#queue} was deleted`));
    const { messageId } = message.properties;
    const awaited = this.#awaited.get(messageId);
    this.#awaited.delete(messageId);
    const found = awaited ? undefined : this.#find(message);
    const { n, isRoot } = awaited ?? { n: found?.n, isRoot: found?.root !== undefined };
    const size = message.content.length;
    this.#held.push({ tag: { fields: message.fields }, size, n, isRoot, at: now() });
    this.#heldSize += size;
    awaited?.resolve();
  }

  /** A record of the past, unless it is of an epoch that was over. */
  #find({ content }: RabbitmqMessage): JournalRecord | undefined {
    if (!this.#found || content.length === 0) return undefined;
    const record = recordOf(content, this.#queue);
    const records = this.#found;
    if (record.epoch < (records.at(-1)?.epoch ?? 0)) return undefined;
    // Of an epoch that was over, as this one shows.
    while ((records.at(-1)?.n ?? -1) >= record.n) records.pop();
    records.push(record);
    return record;
  }
}

/** Reads what was written. Throws DATA_LOSS for what is not a record. */
export function recordOf<Told extends { readonly n: number } = JournalRecord>(
  content: Buffer,
  queue: string,
): Told {
  try {
    const record = JSON.parse(content.toString()) as Told;
    if (typeof record.n === "number") return record;
  } catch {
    // Told below.
  }
  const message = `${queue} has a message that the event log has not written; nobody else may publish there: take it out`;
  throw new DureError("DATA_LOSS", message);
}
