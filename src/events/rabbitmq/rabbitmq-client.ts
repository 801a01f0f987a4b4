/** The part of a connection of `amqplib` that is used. */
export interface RabbitmqClient {
  createChannel(): Promise<RabbitmqChannel>;
  createConfirmChannel(): Promise<RabbitmqConfirmChannel>;
  close(): Promise<void>;
  on(event: "error" | "close", listener: (error?: Error) => void): unknown;
}

/** A channel. */
export interface RabbitmqChannel {
  assertQueue(name: string, options: RabbitmqQueueOptions): Promise<unknown>;
  deleteQueue(name: string): Promise<unknown>;
  prefetch(count: number): Promise<unknown>;
  consume(
    queue: string,
    onMessage: (message: RabbitmqMessage | null) => void,
    options?: { readonly arguments?: Readonly<Record<string, unknown>> },
  ): Promise<unknown>;
  ack(message: Pick<RabbitmqMessage, "fields">, allUpTo?: boolean): void;
  close(): Promise<void>;
  on(event: "error" | "close", listener: (error?: Error) => void): unknown;
}

/** A channel on which the server says what it has stored. */
export interface RabbitmqConfirmChannel extends RabbitmqChannel {
  sendToQueue(
    queue: string,
    content: Buffer,
    options: RabbitmqPublishOptions,
    onConfirm: (error: unknown) => void,
  ): boolean;
}

/** How a queue is made. */
export interface RabbitmqQueueOptions {
  readonly durable: boolean;
  readonly exclusive?: boolean;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** What travels beside a message. */
export interface RabbitmqPublishOptions {
  readonly messageId: string;
  readonly persistent: boolean;
}

/** A message that has come. */
export interface RabbitmqMessage {
  readonly content: Buffer;
  readonly fields: any;
  readonly properties: any;
}
