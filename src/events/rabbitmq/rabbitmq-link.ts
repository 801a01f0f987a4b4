import { afterInBackground, DureError } from "../../kit/index.ts";
import type {
  RabbitmqChannel,
  RabbitmqClient,
  RabbitmqConfirmChannel,
  RabbitmqMessage,
} from "./rabbitmq-client.ts";

/** How long the server may take to answer, in ms. A queue that elects another leader takes some seconds. */
const answerMs = 15_000;

/** A connection that is used as long as everything goes well on it: the first thing that fails ends it, and whatever waits on it. */
export class RabbitmqLink {
  readonly #client: RabbitmqClient;
  readonly #onLost: () => void;
  readonly #waiting = new Set<(error: Error) => void>();
  #error: Error | undefined;

  constructor(client: RabbitmqClient, onLost: () => void) {
    this.#client = client;
    this.#onLost = onLost;
    const onEnd = (error?: Error) => this.fail(error ?? new Error("the connection was closed"));
    client.on("error", onEnd);
    client.on("close", onEnd);
  }

  /** Whether nothing more can be done with it. */
  get isOver(): boolean {
    return this.#error !== undefined;
  }

  /** Asks the server. When nothing is heard from it for long, the connection is given up. */
  answer<Value>(
    what: string,
    ask: (heard: () => void) => Promise<Value>,
    waitMs = answerMs,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#error) return reject(this.#error);
      const giveUp = () => this.fail(new Error(`no answer for ${waitMs} ms to ${what}`));
      let timer = afterInBackground(waitMs, giveUp);
      const heard = () => {
        timer.cancel();
        timer = afterInBackground(waitMs, giveUp);
      };
      this.#waiting.add(reject);
      const end = () => {
        timer.cancel();
        this.#waiting.delete(reject);
      };
      ask(heard).then(resolve, reject).finally(end);
    });
  }

  /** A channel on which the server confirms what it has stored. */
  async confirmChannel(): Promise<RabbitmqConfirmChannel> {
    const channel = await this.answer("a channel", () => this.#client.createConfirmChannel());
    return this.#watched(channel);
  }

  async channel(): Promise<RabbitmqChannel> {
    return this.#watched(await this.answer("a channel", () => this.#client.createChannel()));
  }

  /** Resolves when the server has stored a message. */
  publish(
    channel: RabbitmqConfirmChannel,
    queue: string,
    { id, content }: { readonly id: string; readonly content: Buffer },
    waitMs = answerMs,
  ): Promise<void> {
    const stored = () =>
      new Promise<void>((resolve, reject) => {
        const onConfirm = (error: unknown) => {
          if (!error) return resolve();
          // What comes after it would be stored without it.
          this.fail(new Error(`${queue} did not take what was published`));
          reject(error);
        };
        channel.sendToQueue(queue, content, { messageId: id, persistent: true }, onConfirm);
      });
    return this.answer(`what was published to ${queue}`, stored, waitMs);
  }

  /** Reads a stream from a message on, until `onMessage` says that it is enough. */
  async readStream(
    queue: string,
    position: number,
    onMessage: (message: RabbitmqMessage, position: number) => boolean,
  ): Promise<void> {
    const channel = await this.answer("a channel", () => this.#client.createChannel());
    channel.on("error", () => {});
    await this.answer("a window", () => channel.prefetch(streamWindow));
    const read = (heard: () => void) =>
      new Promise<void>((resolve, reject) => {
        let isOver = false;
        const onDelivery = (message: RabbitmqMessage | null) => {
          if (isOver) return;
          if (!message) return reject(new Error(`${queue} was deleted while it was read`));
          heard();
          channel.ack(message);
          try {
            isOver = onMessage(message, message.properties.headers["x-stream-offset"]);
            if (isOver) resolve();
          } catch (thrown) {
            isOver = true;
            reject(thrown);
          }
        };
        channel
          .consume(queue, onDelivery, { arguments: { "x-stream-offset": position } })
          .catch(reject);
      });
    await this.answer(`what is stored in ${queue}`, read);
    await this.answer("the end of a channel", () => channel.close());
  }

  /** Nothing more can be done with it. */
  fail(error: Error): void {
    if (this.#error) return;
    this.#end(error);
    void this.#client.close().catch(() => {});
    this.#onLost();
  }

  async close(): Promise<void> {
    if (this.#error) return;
    this.#end(new DureError("UNAVAILABLE", "the event log is closed"));
    await this.#client.close().catch(() => {});
  }

  #end(error: Error): void {
    this.#error = error;
    for (const reject of this.#waiting) reject(error);
  }

  #watched<Channel extends RabbitmqChannel>(channel: Channel): Channel {
    channel.on("error", (error) => this.fail(error as Error));
    channel.on("close", () => this.fail(new Error("a channel was closed")));
    return channel;
  }
}

/** Messages of a stream that are under way to us. */
const streamWindow = 100;
