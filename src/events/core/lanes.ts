/**
 * A topic has a fixed number of lanes. An event's key decides its lane, and lanes are what instances of a service share: each lane
 * has one owner at a time, so that a key's events are worked on in order wherever they are.
 */
export const laneCount = 256;

/**
 * The lane of a key, which may be a part of a text. FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), 32 bits. It is stored nowhere, and must
 * never change.
 */
export function laneOf(text: string, from = 0, to = text.length): number {
  let hash = 0x811c9dc5;
  for (let index = from; index < to; index += 1) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  // The low bits of FNV mix less than the high ones.
  return ((hash ^ (hash >>> 16)) & 0xff) >>> 0;
}

/** What orders an event: its key, or, without one, itself. */
export function orderKeyOf({ key, id }: { readonly key: string; readonly id: string }): string {
  return key === "" ? id : key;
}

/** Lanes as 64 hexadecimal digits. */
export function lanesToText(lanes: Iterable<number>): string {
  const digits = new Uint8Array(laneCount / 4);
  for (const lane of lanes) digits[lane >> 2] = (digits[lane >> 2] as number) | (1 << (lane & 3));
  return Array.from(digits, (digit) => digit.toString(16)).join("");
}

/** Reads what {@link lanesToText} wrote. */
export function lanesFromText(text: string): ReadonlySet<number> {
  const lanes = new Set<number>();
  for (let index = 0; index < text.length; index += 1) {
    const digit = Number.parseInt(text[index] as string, 16);
    for (let bit = 0; bit < 4; bit += 1) if (digit & (1 << bit)) lanes.add(index * 4 + bit);
  }
  return lanes;
}

/** All lanes, as {@link lanesToText} writes them. */
export const allLanes = "f".repeat(laneCount / 4);
