/**
 * Counting in Redis, for gateways that share one, or are in several meshes. One script a request, by the server's clock; keys go by
 * themselves once all they counted has flowed away.
 */
import { DureError, inTime, now } from "../../kit/index.ts";
import { type GatewayRedis, RedisScript } from "../redis/index.ts";
import { type Rate, take, type Verdict } from "./core/gcra.ts";
import type { Counters } from "./counters.ts";

/** The longest that a request waits to be counted, in ms. */
const askMsMax = 250;
/** After a failure nobody waits for the server for so long, in ms. */
const pauseMs = 1_000;

/** The rule of `core/gcra.ts` in microseconds; answers how far ahead the key was. */
const script = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local ahead = math.max(tonumber(redis.call('GET', KEYS[1]) or now) - now, 0)
if ahead + interval - capacity <= 1 then
  local after = ahead + interval
  redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.ceil(after / 1000))
end
return string.format('%.3f', ahead)`);

export class RedisCounters implements Counters {
  readonly #redis: GatewayRedis;
  readonly #prefix: string;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** @param mesh keeps the keys of two meshes in one server apart. */
  constructor(redis: GatewayRedis, mesh: string) {
    this.#redis = redis;
    this.#prefix = `dure:${mesh}:rate:`;
  }

  async take(key: string, rate: Rate): Promise<Verdict> {
    if (now() < this.#pausedUntil)
      throw new DureError("UNAVAILABLE", "Redis has just failed to answer");
    try {
      const intervalUs = rate.intervalMs * 1_000;
      const rule = [`${intervalUs}`, `${intervalUs * rate.burst}`];
      const asked = script.run(this.#redis, [this.#prefix + key], rule);
      const aheadUs = Number(await inTime(asked, askMsMax, "Redis"));
      return take(aheadUs / 1_000, 0, rate)[0];
    } catch (thrown) {
      this.#pausedUntil = now() + pauseMs;
      throw thrown;
    }
  }

  close(): void {
    this.#redis.destroy();
  }
}
