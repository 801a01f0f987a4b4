/**
 * Which of many places a key belongs to, so that most keys stay where they are when a place comes or goes: each place owns many
 * points on a ring of 2^32, and a key belongs to the next point.
 *
 * ```
 *        0 ---- a ---- c --- b ------ a --- b ---- c ---- 2^32
 *                  ^ key: belongs to c; if c is full or gone, to b
 * ```
 * Sources: D. Karger et al., "Consistent Hashing and Random Trees", 1997; for the way on past full places V. Mirrokni et al.,
 * "Consistent Hashing with Bounded Loads", 2016 (arXiv 1608.01350).
 */
const pointsPerPlace = 160;

export class HashRing {
  readonly #points: Uint32Array;
  readonly #places: Uint32Array;
  readonly #count: number;

  /** @param places their stable names; with `weights`, a place of weight 2 gets twice the keys. */
  constructor(places: readonly string[], weights: readonly number[] = []) {
    const points: { readonly hash: number; readonly place: number }[] = [];
    places.forEach((name, place) => {
      const own = Math.max(1, Math.round(pointsPerPlace * (weights[place] ?? 1)));
      for (let point = 0; point < own; point += 1)
        points.push({ hash: hashOf(`${name}#${point}`), place });
    });
    // Two places on one point: the order must not depend on the order in which they came.
    points.sort(
      (left, right) =>
        left.hash - right.hash ||
        ((places[left.place] as string) < (places[right.place] as string) ? -1 : 1),
    );
    this.#points = Uint32Array.from(points, ({ hash }) => hash);
    this.#places = Uint32Array.from(points, ({ place }) => place);
    this.#count = places.length;
  }

  /** The index of the key's place, or of the next one that `mayTake`; undefined if none may. */
  find(key: string, mayTake: (place: number) => boolean): number | undefined {
    const size = this.#points.length;
    const start = this.#firstAt(hashOf(key));
    const refused = new Set<number>();
    for (let step = 0; step < size && refused.size < this.#count; step += 1) {
      const place = this.#places[(start + step) % size] as number;
      if (refused.has(place)) continue;
      if (mayTake(place)) return place;
      refused.add(place);
    }
    return undefined;
  }

  #firstAt(hash: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** FNV-1a (Fowler, Noll, Vo) over UTF-16 units, with the finaliser of MurmurHash3 (A. Appleby) for the low bits of short keys. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
