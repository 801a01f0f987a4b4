import { afterInBackground, DureError, inTime } from "../../kit/index.ts";
import type { GatewayRedis } from "./client.ts";
import type { RedisScript } from "./script.ts";

/** Bounds of a connection. */
export interface RedisBounds {
  /** The longest that a command waits for its answer, in ms. */
  readonly answerMsMax: number;
  /** Commands on their way at once; further ones fail. */
  readonly pendingMax: number;
  /** What they weigh together, in characters; further ones fail. */
  readonly lengthMax: number;
}

/** Commands that have an end: each is answered in time or fails, and so many are on their way at most. */
export class RedisConnection {
  readonly #redis: GatewayRedis;
  readonly #bounds: RedisBounds;
  #pending = 0;
  #length = 0;
  #onIdle: () => void = () => {};

  constructor(redis: GatewayRedis, bounds: RedisBounds) {
    this.#redis = redis;
    this.#bounds = bounds;
  }

  /** Whether a command of this weight may go now. */
  hasRoom(length = 0): boolean {
    return (
      this.#pending < this.#bounds.pendingMax && this.#length + length <= this.#bounds.lengthMax
    );
  }

  /** Sends a command. `waitMs`: how long it is meant to wait on the server. */
  send(words: string[], waitMs = 0): Promise<unknown> {
    return this.#answered(lengthOf(words), waitMs, () => this.#redis.sendCommand(words));
  }

  /** Runs a script. */
  run(script: RedisScript, keys: readonly string[], words: readonly string[]): Promise<unknown> {
    return this.#answered(lengthOf(words), 0, () => script.run(this.#redis, keys, words));
  }

  /** Waits for what is on its way, as long as for an answer, and closes. */
  async close(): Promise<void> {
    if (this.#pending > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onIdle = resolve;
      await inTime(promise, this.#bounds.answerMsMax, "Redis").catch(() => {});
    }
    this.destroy();
  }

  /** Closes at once. */
  destroy(): void {
    this.#redis.destroy();
  }

  /** Rejects with RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED or what the client says. */
  async #answered(length: number, waitMs: number, ask: () => Promise<unknown>): Promise<unknown> {
    if (!this.hasRoom(length))
      throw new DureError("RESOURCE_EXHAUSTED", "too many commands wait for Redis");
    const msMax = this.#bounds.answerMsMax + waitMs;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const refuse = () =>
      reject(new DureError("DEADLINE_EXCEEDED", `Redis did not answer within ${msMax} ms`));
    // Where this process was what is slow, the answer is here already, and is read first.
    const timer = afterInBackground(msMax, () => setImmediate(() => setImmediate(refuse)));
    const asked = ask();
    // What comes of it later than that, nobody waits for.
    asked.catch(() => {});
    this.#pending += 1;
    this.#length += length;
    const settle = () => {
      this.#pending -= 1;
      this.#length -= length;
      if (this.#pending === 0) this.#onIdle();
    };
    asked.then(settle, settle);
    try {
      return await Promise.race([asked, late]);
    } finally {
      timer.cancel();
    }
  }
}

function lengthOf(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + word.length, 0);
}
