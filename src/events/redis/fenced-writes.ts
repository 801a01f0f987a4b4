import { DureError } from "../../kit/index.ts";
import type { Send } from "./redis-client.ts";
import { keys } from "./redis-keys.ts";

/**
 * Runs all commands or, where the log has another holder by now, none. Each is preceded by how many words it has. Nothing that comes
 * later can fail alone: what the server refuses (memory, a disk that is full, a replica) it refuses from the first command on.
 */
const apply = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local at = 2
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return 1`;

/** A command has a million words at most (Redis, networking.c); an append has fewer than a tenth of that. */
const wordsMax = 200_000;

/** Changes on their way to the server: what is sent together happens together, and only while the lock is held. */
export class FencedWrites {
  readonly #send: Send;
  readonly #lock: string;
  readonly #onFenced: () => void;
  #words: string[] = [];

  constructor(send: Send, lock: string, onFenced: () => void) {
    this.#send = send;
    this.#lock = lock;
    this.#onFenced = onFenced;
  }

  get isLarge(): boolean {
    return this.#words.length > wordsMax;
  }

  add(...command: readonly (string | number)[]): void {
    this.#words.push(String(command.length), ...command.map(String));
  }

  clear(): void {
    this.#words = [];
  }

  /** Rejects with UNAVAILABLE, and has changed nothing, once another process has the log. */
  async send(): Promise<void> {
    if (this.#words.length === 0) return;
    const words = this.#words;
    this.#words = [];
    if (Number(await this.#send("EVAL", apply, "1", keys.lock, this.#lock, ...words)) === 1) return;
    this.#onFenced();
    throw new DureError("UNAVAILABLE", "the event log was taken over by another process");
  }
}
