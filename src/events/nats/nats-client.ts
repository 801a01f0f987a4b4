/** The parts of the clients `@nats-io/transport-node` and `@nats-io/jetstream` that are used. */

/** A stored message. */
export interface NatsMessage {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

interface NatsMessages extends AsyncIterable<NatsMessage> {
  close(): Promise<unknown>;
}

interface NatsConnection {
  readonly info?: { readonly max_payload: number } | undefined;
  /** Resolves when it is closed for good. */
  closed(): Promise<unknown>;
  close(): Promise<void>;
  flush(): Promise<void>;
  request(subject: string, payload: string, options: { timeout: number }): Promise<unknown>;
  subscribe(
    subject: string,
    options: { callback(error: unknown, message: { respond(payload: string): unknown }): void },
  ): unknown;
}

interface NatsJetStream {
  publish(
    subject: string,
    data: Uint8Array,
    options: { expect: { lastSequence: number }; timeout: number },
  ): Promise<{ readonly seq: number }>;
  readonly consumers: {
    get(
      stream: string,
      options: { filter_subjects: string; opt_start_seq: number; deliver_policy: any },
    ): Promise<{
      consume(options: { max_messages: number }): Promise<NatsMessages>;
      delete(): Promise<unknown>;
    }>;
  };
}

interface NatsStreams {
  info(stream: string): Promise<NatsStreamInfo>;
  add(options: { name: string; subjects: string[] }): Promise<unknown>;
  purge(stream: string, options: { filter: string; seq: number }): Promise<unknown>;
  getMessage(
    stream: string,
    query: { seq: number } | { seq: number; next_by_subj: string },
  ): Promise<NatsMessage | null>;
}

/** What a stream is like. */
export interface NatsStreamInfo {
  readonly state: { readonly last_seq: number };
  readonly config: {
    readonly storage: string;
    readonly num_replicas: number;
    readonly discard: string;
    readonly max_age: number;
    readonly max_bytes: number;
    readonly max_msgs: number;
    readonly max_msgs_per_subject: number;
  };
}

/** A connection, and what the client makes of it for JetStream. */
export interface NatsClient {
  readonly connection: NatsConnection;
  readonly jetstream: NatsJetStream;
  readonly manager: { readonly streams: NatsStreams };
}
