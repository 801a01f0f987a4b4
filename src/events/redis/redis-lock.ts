/**
 * Who has the log. The lock is a key that names its holder's connection: it is free when that connection is gone (a holder that was
 * killed is followed at once), or when it has not been renewed for its lease (the holder's machine is gone, or it has been stopped).
 * Every write is a script that first compares the lock with the writer's own, so a holder that does not know yet that it is none any
 * more changes nothing (M. Kleppmann, "How to do distributed locking": fencing).
 */
import { afterInBackground, DureError, every, type Timer } from "../../kit/index.ts";
import type { Send } from "./redis-client.ts";
import { keys } from "./redis-keys.ts";

const leaseMs = 30_000;
const renewEveryMs = 5_000;
/** For an answer to a renewal; then the connection is given up. */
const answerMs = 20_000;
/** For an answer to a release. */
const releaseMs = 2_000;

/** Takes the lock if nobody has it, or who was seen last and is gone. Gives back the new token, or the holder. */
const take = `local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
local token = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], token .. ARGV[2], 'PX', ARGV[3])
return token`;

const renew = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const release = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end`;

export class RedisLock {
  readonly #send: Send;
  /** What the key holds while this is its holder. */
  readonly value: string;
  /** How often the log has been opened. */
  readonly token: number;
  /** Whether the server has been started again since its former holder took it, and did not give it back. */
  readonly isAfterCrash: boolean;

  /** Rejects with ALREADY_EXISTS while another process has the log. */
  static async take(send: Send): Promise<RedisLock> {
    const run = /run_id:(\w+)/.exec(String(await send("INFO", "server")))?.[1];
    const own = ` ${run} ${await send("CLIENT", "ID")}`;
    const attempt = (seen: string) =>
      send("EVAL", take, "2", keys.lock, keys.incarnation, seen, own, String(leaseMs));
    let answer = await attempt("");
    let isAfterCrash = false;
    if (typeof answer === "string") {
      const [, itsRun, connection = ""] = answer.split(" ");
      isAfterCrash = itsRun !== run;
      if (isAfterCrash || !(await isConnected(send, connection))) answer = await attempt(answer);
    }
    if (typeof answer === "string")
      throw new DureError(
        "ALREADY_EXISTS",
        "this Redis database's event log is in use by another process; a log has one process, stop the other or choose another database",
      );
    return new RedisLock(send, { token: Number(answer), own, isAfterCrash });
  }

  private constructor(
    send: Send,
    { token, own, isAfterCrash }: { token: number; own: string; isAfterCrash: boolean },
  ) {
    this.#send = send;
    this.token = token;
    this.isAfterCrash = isAfterCrash;
    this.value = `${token}${own}`;
  }

  /** Renews the lock until it is lost, or the server does not answer. */
  keep(onLost: () => void): Timer {
    let isUnderWay = false;
    return every(renewEveryMs, () => {
      if (isUnderWay) return;
      isUnderWay = true;
      const limit = afterInBackground(answerMs, onLost);
      this.#send("EVAL", renew, "1", keys.lock, this.value, String(leaseMs))
        .then((isHeld) => {
          if (Number(isHeld) !== 1) onLost();
        }, onLost)
        .finally(() => {
          isUnderWay = false;
          limit.cancel();
        });
    });
  }

  /** The next one need not look whether the connection is gone. Ends after a while also where the server does not answer. */
  async release(): Promise<void> {
    const limit = new Promise<void>((resolve) => afterInBackground(releaseMs, resolve));
    const released = this.#send("EVAL", release, "1", keys.lock, this.value);
    await Promise.race([released, limit]).catch(() => undefined);
  }
}

/** Whether the server still has a connection. */
async function isConnected(send: Send, connection: string): Promise<boolean> {
  return String(await send("CLIENT", "LIST", "ID", connection)).trim() !== "";
}
