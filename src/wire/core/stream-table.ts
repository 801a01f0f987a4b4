/**
 * What is known of each stream of a link, by its id. A Map would do the same, but a Map under constant adding and deleting makes
 * a new table every so often, and the old tables, dead in the old generation, keep alive all that was in them until the next
 * full garbage collection: half of all calls would be copied around (measured: scavenges of 15 to 20 ms instead of 1.5).
 *
 * Ids grow, so the newest streams fit into a ring; one that lives long enough for its place to come round again moves out of it.
 *
 * ```
 *   ring of 8, ids 1, 3, 5, ...      place = (id / 2) mod 8
 *     | 17 | 19 | 5 | . | 9 | . | . | 15 |       5 and 9 still run; 1 had to make room for 17
 *   settled: { 1 }
 * ```
 */
const placesMin = 256;
const placesMax = 16_384;

/** A stream by its id. */
export interface Streamed {
  readonly streamId: number;
}

export class StreamTable<T extends Streamed> {
  #ring: (T | undefined)[] = new Array(placesMin).fill(undefined);
  /** Those that lived longer than a round of the ring, in the order of their ids but for those that moved when it grew. */
  readonly #settled = new Map<number, T>();
  #inRing = 0;
  /** No id in the ring is below this one. */
  #oldestId = 1;
  #newestId = 1;

  get size(): number {
    return this.#inRing + this.#settled.size;
  }

  get(streamId: number): T | undefined {
    const found = this.#ring[this.#placeOf(streamId)];
    if (found?.streamId === streamId) return found;
    return this.#settled.size === 0 ? undefined : this.#settled.get(streamId);
  }

  /** Adds a stream; its id is above all those before it. */
  add(stream: T): void {
    const { streamId } = stream;
    if (this.#inRing * 2 > this.#ring.length && this.#ring.length < placesMax) this.#grow();
    const place = this.#placeOf(streamId);
    const former = this.#ring[place];
    if (former) {
      this.#settled.set(former.streamId, former);
      this.#inRing -= 1;
    }
    if (this.#inRing === 0) this.#oldestId = streamId;
    this.#ring[place] = stream;
    this.#inRing += 1;
    this.#newestId = streamId;
  }

  /** Whether it was there. */
  delete(streamId: number): boolean {
    const place = this.#placeOf(streamId);
    if (this.#ring[place]?.streamId !== streamId) return this.#settled.delete(streamId);
    this.#ring[place] = undefined;
    this.#inRing -= 1;
    return true;
  }

  /** Oldest first. Streams may be deleted meanwhile, not added. */
  *values(): Generator<T> {
    yield* [...this.#settled.values()];
    if (this.#inRing === 0) return;
    const places = this.#ring.length;
    // What is a whole round behind the newest is not in the ring any more.
    this.#oldestId = Math.max(this.#oldestId, this.#newestId - 2 * (places - 1));
    let isOldest = true;
    for (let id = this.#oldestId; id <= this.#newestId; id += 2) {
      const stream = this.#ring[this.#placeOf(id)];
      if (stream?.streamId !== id) continue;
      if (isOldest) this.#oldestId = id;
      isOldest = false;
      yield stream;
    }
  }

  #placeOf(streamId: number): number {
    return (streamId >>> 1) & (this.#ring.length - 1);
  }

  #grow(): void {
    const streams = this.#ring.filter((stream) => stream !== undefined);
    this.#ring = new Array(this.#ring.length * 2).fill(undefined);
    for (const stream of streams) this.#ring[this.#placeOf(stream.streamId)] = stream;
  }
}
