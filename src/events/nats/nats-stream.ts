/**
 * The log's stream. It has one writer, and every message names the sequence number of the one before it (JetStream,
 * `Nats-Expected-Last-Sequence`): once another process has written, the former writer's messages are refused, whether it knows that it
 * is none any more or not. What is published together is on its way at once; after one that is refused all others are.
 */
import { afterInBackground, DureError } from "../../kit/index.ts";
import type { NatsClient, NatsMessage, NatsStreamInfo } from "./nats-client.ts";

/** For an answer of the server; then the connection is given up. */
const answerMs = 20_000;
/** Messages asked for at a time while reading. Not bytes: JetStream ends a request for bytes at a message that does not fit into what is left. */
const readMax = 64;
/** Messages that a reader asks for one by one, before it asks for many. */
const singleMax = 8;
/** Messages on their way at once. */
const windowMax = 500;
/** "wrong last sequence" (nats-server, errors.json). */
const wrongSequence = [10071, 10164];

export interface NewMessage {
  readonly subject: string;
  readonly data: Uint8Array;
}

export class NatsStream {
  readonly name: string;
  /** The largest message that the server takes, in bytes. */
  readonly payloadMax: number;
  readonly #client: NatsClient;
  #last = 0;

  constructor(client: NatsClient, name: string) {
    this.#client = client;
    this.name = name;
    this.payloadMax = client.connection.info?.max_payload ?? 1024 * 1024;
  }

  /** The sequence number of the last message. */
  get last(): number {
    return this.#last;
  }

  /** Makes the stream if it is missing. Rejects with FAILED_PRECONDITION for one that drops messages by itself. */
  async open(): Promise<NatsStreamInfo> {
    const { streams } = this.#client.manager;
    const info = await streams.info(this.name).catch(async (thrown) => {
      // 10059: stream not found (nats-server, errors.json).
      if ((thrown as { code?: number }).code !== 10059) throw thrown;
      const events = { max_age: 0, max_bytes: -1, max_msgs: -1, max_msgs_per_subject: -1 };
      await streams.add({ name: this.name, subjects: [`${this.name}.>`], ...events });
      return streams.info(this.name);
    });
    const { discard, max_age, max_bytes, max_msgs, max_msgs_per_subject } = info.config;
    if (
      max_age > 0 ||
      (discard === "old" && Math.max(max_bytes, max_msgs, max_msgs_per_subject) > 0)
    )
      throw new DureError(
        "FAILED_PRECONDITION",
        `stream ${this.name} has limits by which NATS drops events in silence; take them off, and set events.keepDays and events.keepMb`,
      );
    this.#last = info.state.last_seq;
    return info;
  }

  /** The sequence number of the last message, as the server knows it. */
  async lastStored(): Promise<number> {
    return (await this.#client.manager.streams.info(this.name)).state.last_seq;
  }

  /** Rejects with UNAVAILABLE once another process has written. */
  async publish(messages: readonly NewMessage[]): Promise<void> {
    for (let from = 0; from < messages.length; from += windowMax)
      await this.#publishWindow(messages.slice(from, from + windowMax));
  }

  /** The first message of a subject from a sequence number on. */
  next(subject: string, seq: number): Promise<NatsMessage | undefined> {
    return this.#get({ seq, next_by_subj: subject });
  }

  message(seq: number): Promise<NatsMessage | undefined> {
    return this.#get({ seq });
  }

  /**
   * Messages from a sequence number on; it is for the reader to know which is the last. The first ones are asked for one by one: most
   * readers want no more, and a reader of large ones has enough then. Rejects with UNAVAILABLE where none comes for long.
   */
  async *messages(subject: string, from: number): AsyncGenerator<NatsMessage> {
    let seq = from;
    for (let count = 0; count < singleMax; count += 1) {
      const message = await this.next(subject, seq);
      if (!message) throw this.#ended();
      yield message;
      seq = message.seq + 1;
    }
    yield* this.#consume(subject, seq);
  }

  async *#consume(subject: string, seq: number): AsyncGenerator<NatsMessage> {
    const consumer = await this.#client.jetstream.consumers.get(this.name, {
      filter_subjects: subject,
      opt_start_seq: seq,
      deliver_policy: "by_start_sequence",
    });
    const messages = await consumer.consume({ max_messages: readMax });
    let limit = afterInBackground(answerMs, () => void messages.close());
    try {
      for await (const message of messages) {
        limit.cancel();
        yield message;
        limit = afterInBackground(answerMs, () => void messages.close());
      }
    } finally {
      limit.cancel();
      await messages.close();
      await consumer.delete().catch(() => undefined);
    }
    throw this.#ended();
  }

  #ended(): DureError {
    const message = `stream ${this.name} has ended before message ${this.#last}`;
    return new DureError("UNAVAILABLE", message);
  }

  /** Drops what a subject has before a sequence number. */
  async purge(subject: string, seq: number): Promise<void> {
    await this.#client.manager.streams.purge(this.name, { filter: subject, seq });
  }

  async #publishWindow(messages: readonly NewMessage[]): Promise<void> {
    const { jetstream } = this.#client;
    const acknowledgements = messages.map(({ subject, data }, index) => {
      const expect = { lastSequence: this.#last + index };
      return jetstream.publish(subject, data, { expect, timeout: answerMs });
    });
    const outcomes = await Promise.allSettled(acknowledgements);
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    if (refused && isWrongSequence(refused.reason))
      throw new DureError("UNAVAILABLE", "the event log was taken over by another process");
    if (refused) throw refused.reason;
    this.#last += messages.length;
  }

  async #get(
    query: { seq: number } | { seq: number; next_by_subj: string },
  ): Promise<NatsMessage | undefined> {
    return (await this.#client.manager.streams.getMessage(this.name, query)) ?? undefined;
  }
}

function isWrongSequence(thrown: unknown): boolean {
  return wrongSequence.includes((thrown as { code?: number }).code ?? 0);
}
