/**
 * What somebody wants to buy has one key until it is known what came of it: pressing the button twice, or once more after the connection was
 * lost, is the same purchase. Another cart or another card is another one.
 */
const keys = new Map<string, string>();

/** The `Idempotency-Key` of an intent. */
export function intentKey(intent: string): string {
  const known = keys.get(intent);
  if (known !== undefined) return known;
  // Not randomUUID, which browsers have on secure pages only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  // One at a time: the outcome of an older one is no longer asked for.
  keys.clear();
  keys.set(intent, key);
  return key;
}

/** It is known what came of it: to want the same again is a new purchase. */
export function settle(intent: string): void {
  keys.delete(intent);
}
