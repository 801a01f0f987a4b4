import { LruMap, now } from "../../kit/index.ts";

/** So long a resource whose answer could not be shared is asked for by each request alone, with its own conditions. */
const unshareableMs = 10_000;
const resourcesMax = 10_000;

/** Resources of which it was found a short while ago that their answers are not for others. */
export class Unshareable {
  readonly #until = new LruMap<string, number>(resourcesMax);

  note(key: string): void {
    this.#until.set(key, now() + unshareableMs);
  }

  has(key: string): boolean {
    return (this.#until.get(key) ?? 0) > now();
  }
}
