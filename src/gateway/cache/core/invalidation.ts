/** What a request that may have changed something takes out of the cache (RFC 9111, section 4.4). */
import type { HeaderList } from "../../../http/index.ts";
import { fieldOf } from "./fields.ts";
import { urlLabel } from "./labels.ts";

/** RFC 9110, section 9.2.1; whatever else a method is called, it may change something. */
const safeMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Whether a method is safe. */
export function isSafe(method: string): boolean {
  return safeMethods.has(method);
}

/** The labels to purge after an unsafe request that did not fail: its URL, and those of its own host that the answer names. */
export function invalidatedBy(
  { host, target }: { readonly host: string; readonly target: string },
  answer: { readonly status: number; readonly headers: HeaderList },
): readonly string[] {
  if (answer.status < 200 || answer.status >= 400) return [];
  const base = URL.parse(`http://${host}${target}`);
  const named = ["location", "content-location"].flatMap((name) => {
    const value = fieldOf(answer.headers, name);
    const url = value === undefined || !base ? null : URL.parse(value, base.href);
    // Others of this host only: nobody may empty another one's cache.
    return url && url.host === base?.host ? [urlLabel(host, url.pathname + url.search)] : [];
  });
  return [urlLabel(host, target), ...named];
}
