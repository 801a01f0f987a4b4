/**
 * Looks at what SQLite has not moved into the database yet (its write-ahead log) before SQLite does. SQLite takes the first frame that
 * does not fit for the end: after a power cut it is. But a transaction is on disk before the next one begins, so a frame that does not
 * fit and has another transaction behind it was damaged afterwards, and was acknowledged. Damage in the very last transaction looks like
 * a power cut, and is taken for one.
 *
 * ```
 *   header 32 bytes: magic, version, page size, sequence, salt 1, salt 2, checksum 1, checksum 2
 *   frame 24 bytes + page: page number, pages after the commit or 0, salt 1, salt 2, checksum 1, checksum 2
 * ```
 * SQLite, "WAL-mode File Format".
 */
import { existsSync, readFileSync } from "node:fs";
import { damaged } from "./damage.ts";

const headerBytes = 32;
const frameHeaderBytes = 24;
const magic = 0x377f0682;

/** Throws DATA_LOSS for a file that was damaged after it was written. */
export function checkWal(databasePath: string): void {
  const path = `${databasePath}-wal`;
  if (!existsSync(path)) return;
  const wal = readFileSync(path);
  const damage = damageOf(wal);
  // Another process that writes just now is told by its lock; what was read meanwhile need not fit together.
  if (damage && wal.equals(readFileSync(path))) throw damaged(path, damage);
}

function damageOf(wal: Buffer): string | undefined {
  // The header is on disk before the first frame, and one sector holds it: it is there or it is not.
  if (wal.length <= headerBytes || wal.subarray(0, headerBytes).every((byte) => byte === 0))
    return undefined;
  const frames = new Frames(wal);
  if (!frames.hasHeader) return "its header is not what was written";
  const end = frames.firstUnfit();
  if (!frames.hasTransactionsBehind(end)) return undefined;
  return `frame ${end} is not what was written, and later ones are there`;
}

class Frames {
  readonly hasHeader: boolean;
  readonly #words: DataView;
  readonly #areWordsLittle: boolean;
  readonly #pageBytes: number;
  readonly #count: number;
  /** Of what fits so far: each checksum goes on from the one before. */
  #sum0 = 0;
  #sum1 = 0;

  constructor(wal: Buffer) {
    this.#words = new DataView(wal.buffer, wal.byteOffset, wal.length);
    this.#areWordsLittle = (this.#word(0) & 1) === 0;
    this.#pageBytes = this.#word(8);
    this.#count = Math.floor((wal.length - headerBytes) / (frameHeaderBytes + this.#pageBytes));
    this.#add(0, 24);
    this.hasHeader = (this.#word(0) & ~1) >>> 0 === magic && this.#fits(24);
  }

  /** The number of the first frame that SQLite would not take. */
  firstUnfit(): number {
    for (let frame = 0; frame < this.#count; frame += 1) {
      const at = this.#at(frame);
      this.#add(at, 8);
      this.#add(at + frameHeaderBytes, this.#pageBytes);
      if (!this.#isOfHeader(frame) || !this.#fits(at + 16)) return frame;
    }
    return this.#count;
  }

  /** Whether, from a frame that does not fit on, a transaction ends and another one begins. */
  hasTransactionsBehind(unfit: number): boolean {
    let hasEnded = false;
    for (let index = unfit; index < this.#count; index += 1) {
      if (!this.#isOfHeader(index) && !(index === unfit && this.#hasOneSalt(index))) continue;
      if (hasEnded) return true;
      hasEnded = this.#word(this.#at(index) + 4) !== 0;
    }
    return false;
  }

  /** A frame with other salts is left over from before the file was begun anew. */
  #isOfHeader(frame: number): boolean {
    const at = this.#at(frame);
    return this.#word(at + 8) === this.#word(16) && this.#word(at + 12) === this.#word(20);
  }

  /** What is left over from before has neither; a flipped bit leaves one. */
  #hasOneSalt(frame: number): boolean {
    const at = this.#at(frame);
    return this.#word(at + 8) === this.#word(16) || this.#word(at + 12) === this.#word(20);
  }

  #at(frame: number): number {
    return headerBytes + frame * (frameHeaderBytes + this.#pageBytes);
  }

  #word(at: number): number {
    return this.#words.getUint32(at);
  }

  #fits(at: number): boolean {
    return this.#word(at) === this.#sum0 && this.#word(at + 4) === this.#sum1;
  }

  #add(from: number, bytes: number): void {
    const words = this.#words;
    const isLittle = this.#areWordsLittle;
    let sum0 = this.#sum0;
    let sum1 = this.#sum1;
    for (let at = from; at < from + bytes; at += 8) {
      sum0 = (sum0 + words.getUint32(at, isLittle) + sum1) >>> 0;
      sum1 = (sum1 + words.getUint32(at + 4, isLittle) + sum0) >>> 0;
    }
    this.#sum0 = sum0;
    this.#sum1 = sum1;
  }
}
