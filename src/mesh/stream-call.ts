/**
 * A call that is answered by a stream, through the same layers as others (client-stack.ts). It begins when its reader asks for
 * the first item. Until that has come, a failed attempt goes elsewhere by the same rules as any call; afterwards the reader is
 * told, because items it has taken cannot be taken back.
 *
 * The deadline is the time to the first item; from then on it is the longest wait for the next one.
 */
import { now, TimerWheel } from "../kit/index.ts";
import {
  type CallFailure,
  type Client,
  type IncomingStream,
  StreamFailure,
} from "../wire/index.ts";
import type { CallRequest, MadeCall } from "./client-stack.ts";
import { decideRetry } from "./core/retry-policy.ts";
import type { ServicePool } from "./service-pool.ts";
import type { Target } from "./targets.ts";

/** What a stream call needs from the stack it is part of. */
export interface StreamCallOptions {
  readonly pool: ServicePool;
  /** It is over. */
  onEnd(made: MadeCall, isLocal: boolean): void;
  /** Runs the operation in this process, if it is hosted here and takes calls. */
  openLocally(request: CallRequest): IncomingStream | undefined;
  /** Resolves to an instance to try; undefined once there is no hope, or no time. */
  findTarget(tried: ReadonlySet<string>, deadlineAt: number): Promise<Target | undefined>;
  explainNobody(): CallFailure;
}

/** A stream on its way to its reader. */
export interface MessageStream extends AsyncIterable<Uint8Array> {
  /** Ends it; a reader that waits is told CANCELLED. */
  cancel(): void;
}

/** Attempts before the first item that were surely not begun anywhere. */
const redispatchesMax = 8;
const wheel = new TimerWheel();
const cancelled: CallFailure = {
  code: "CANCELLED",
  message: "the caller gave up",
  isStarted: false,
  sent: "no",
};

/** See the head of this file. Read it once. */
export class StreamCall implements MessageStream {
  readonly #options: StreamCallOptions;
  readonly #request: CallRequest;
  readonly #tried = new Set<string>();
  #deadlineAt = 0;
  #isCancelled = false;
  #isLocal = false;
  #peer: string | undefined;
  #stream: IncomingStream | undefined;

  constructor(options: StreamCallOptions, request: CallRequest) {
    this.#options = options;
    this.#request = request;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#stream?.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const startedAt = now();
    let code: string | undefined = cancelled.code;
    try {
      yield* this.#messages(startedAt);
      code = undefined;
    } catch (thrown) {
      code = thrown instanceof StreamFailure ? thrown.failure.code : "INTERNAL";
      throw thrown;
    } finally {
      const { ref } = this.#request;
      const made = { ref, code, startedAt, endedAt: now(), peer: this.#peer };
      this.#options.onEnd(made, this.#isLocal);
    }
  }

  async *#messages(startedAt: number): AsyncGenerator<Uint8Array> {
    this.#deadlineAt = startedAt + this.#request.head.deadlineMs;
    this.#options.pool.budget.onCall(startedAt);
    let last: StreamFailure | undefined;
    for (let failures = 0; ; failures += 1) {
      const local = this.#options.openLocally(this.#request);
      this.#isLocal = local !== undefined;
      const stream = local ?? (await this.#open(last));
      this.#stream = stream;
      let isBegun = false;
      try {
        if (this.#isCancelled) throw new StreamFailure(cancelled);
        const messages = stream[Symbol.asyncIterator]();
        for (;;) {
          const message = await this.#next(stream, messages);
          if (message.done) return;
          isBegun = true;
          yield message.value;
        }
      } catch (thrown) {
        if (isBegun || !(thrown instanceof StreamFailure)) throw thrown;
        if (!this.#mayRetry(thrown.failure, failures)) throw thrown;
        last = thrown;
      } finally {
        stream.cancel();
      }
    }
  }

  /** @param last what to tell the reader if there is nobody else to ask. */
  async #open(last: StreamFailure | undefined): Promise<IncomingStream> {
    const { ref, head, body, input } = this.#request;
    while (!this.#isCancelled) {
      const target = await this.#options.findTarget(this.#tried, this.#deadlineAt);
      if (!target) throw last ?? new StreamFailure(this.#options.explainNobody());
      this.#tried.add(target.nodeId);
      this.#peer = target.slot;
      try {
        const client = target.readyClient ?? (await this.#connect(target));
        const deadlineMs = Math.max(1, this.#deadlineAt - now());
        return client.openStream(ref, { ...head, deadlineMs }, body, input);
      } catch {
        // Not reached, so not begun: the target has told the registry; the next instance is tried.
      }
    }
    throw new StreamFailure(cancelled);
  }

  /** Rejects at the deadline, however long the dial takes. */
  #connect(target: Target): Promise<Client> {
    return new Promise((resolve, reject) => {
      const entry = wheel.add(this.#deadlineAt, () => reject(new Error("no link in time")));
      const done = () => wheel.remove(entry);
      target.connect().then(resolve, reject).finally(done).catch(reject);
    });
  }

  /** The next message, or DEADLINE_EXCEEDED if it takes too long. */
  async #next(
    stream: IncomingStream,
    messages: AsyncIterator<Uint8Array>,
  ): Promise<IteratorResult<Uint8Array>> {
    const { ref, head } = this.#request;
    let isLate = false;
    const entry = wheel.add(now() + head.deadlineMs, () => {
      isLate = true;
      stream.cancel();
    });
    try {
      return await messages.next();
    } catch (thrown) {
      if (!isLate) throw thrown;
      throw new StreamFailure({
        code: "DEADLINE_EXCEEDED",
        message: `${ref.service}.${ref.operation}: nothing came for ${Math.round(head.deadlineMs)} ms`,
        isStarted: true,
        sent: "unknown",
      });
    } finally {
      wheel.remove(entry);
    }
  }

  #mayRetry(failure: CallFailure, failures: number): boolean {
    const { pool } = this.#options;
    const decision = decideRetry(failure, this.#request.isIdempotent);
    if (decision === "give-up" || this.#isCancelled) return false;
    if (decision === "redispatch") return failures < redispatchesMax;
    return failures < pool.retriesMax && pool.budget.tryTake(now());
  }
}
