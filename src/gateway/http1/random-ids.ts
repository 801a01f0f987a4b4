import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";

const idBytes = 16;
const poolBytes = 256 * idBytes;
const dash = 0x2d;
const hexDigits = Buffer.from("0123456789abcdef");

/** Ids for requests that nobody asked the id of: random UUIDs, written where they are sent. `randomUUID` makes a text first, in twice the time. */
export class RandomIds {
  readonly #pool = Buffer.allocUnsafeSlow(poolBytes);
  #at = poolBytes;

  /** Writes one at `to`, 36 bytes. */
  write(bytes: Buffer, to: number): void {
    if (this.#at === poolBytes) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const pool = this.#pool;
    const from = this.#at;
    this.#at += idBytes;
    // Version 4, and the variant of all UUIDs.
    pool[from + 6] = ((pool[from + 6] as number) & 0x0f) | 0x40;
    pool[from + 8] = ((pool[from + 8] as number) & 0x3f) | 0x80;
    let at = to;
    for (let index = 0; index < idBytes; index += 1) {
      if (index === 4 || index === 6 || index === 8 || index === 10) bytes[at++] = dash;
      const byte = pool[from + index] as number;
      bytes[at++] = hexDigits[byte >> 4] as number;
      bytes[at++] = hexDigits[byte & 15] as number;
    }
  }
}
