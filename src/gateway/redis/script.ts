import { createHash } from "node:crypto";
import { asError } from "../../kit/index.ts";
import type { GatewayRedis } from "./client.ts";

/** A Lua script that Redis runs: by its hash, and whole where the server does not know it yet. */
export class RedisScript {
  readonly #text: string;
  readonly #hash: string;

  constructor(text: string) {
    this.#text = text;
    this.#hash = createHash("sha1").update(text).digest("hex");
  }

  /** What the script returns. Rejects with what the client says. */
  async run(
    redis: GatewayRedis,
    keys: readonly string[],
    words: readonly string[],
  ): Promise<unknown> {
    const given = [String(keys.length), ...keys, ...words];
    try {
      return await redis.sendCommand(["EVALSHA", this.#hash, ...given]);
    } catch (thrown) {
      if (!asError(thrown).message.startsWith("NOSCRIPT")) throw thrown;
      return redis.sendCommand(["EVAL", this.#text, ...given]);
    }
  }
}
