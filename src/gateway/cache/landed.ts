import { afterInBackground, now } from "../../kit/index.ts";
import type { CacheEntry } from "./core/entry.ts";
import { useOf } from "./core/freshness.ts";
import { isSelected } from "./core/vary.ts";
import type { Flight } from "./flights.ts";
import { mayStandIn, type Passage } from "./passage.ts";

/** So long one request waits for another one like it, as nginx's `proxy_cache_lock_timeout`. */
const collapseMsMax = 5_000;

/** What another's request brought, if it serves this one too. Rejects with what that one failed with, unless `entry` may stand in for it. */
export async function landed(
  flight: Flight,
  entry: CacheEntry | undefined,
  passage: Passage,
): Promise<CacheEntry | undefined> {
  const { request, directives } = passage;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = afterInBackground(collapseMsMax, () => resolve(undefined));
  try {
    const stored = await Promise.race([flight.stored, promise]);
    const isForThis = stored && isSelected(request.headers, stored.selection);
    return isForThis && useOf(stored.freshness, directives, now()) === "fresh" ? stored : undefined;
  } catch (thrown) {
    if (entry && mayStandIn(entry, passage)) return entry;
    throw thrown;
  } finally {
    timer.cancel();
  }
}
