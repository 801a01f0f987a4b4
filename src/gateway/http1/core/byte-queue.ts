import { Buffer } from "node:buffer";

/** Shorter pieces are copied together. */
const smallBytes = 1024;
const blockBytes = 8 * 1024;
const nothing = Buffer.alloc(0);

/**
 * Bytes that wait, in order. A body may come a byte at a time, and each piece that is kept as it came costs 200 bytes around it: so
 * small ones behind another are copied into blocks, and a queue never weighs much more than what is in it.
 */
export class ByteQueue {
  #pieces: Buffer[] = [];
  /** The last of the pieces, if it is a block with room. */
  #block = nothing;
  #blockUsed = 0;
  #size = 0;

  /** How many bytes wait. */
  get size(): number {
    return this.#size;
  }

  push(bytes: Buffer): void {
    this.#size += bytes.length;
    if (bytes.length >= smallBytes || this.#pieces.length === 0) {
      this.#sealBlock();
      this.#pieces.push(bytes);
      return;
    }
    if (this.#blockUsed + bytes.length > this.#block.length) {
      this.#sealBlock();
      this.#block = Buffer.allocUnsafeSlow(blockBytes);
      this.#pieces.push(this.#block);
    }
    bytes.copy(this.#block, this.#blockUsed);
    this.#blockUsed += bytes.length;
  }

  /** Takes the first piece. */
  shift(): Buffer | undefined {
    if (this.#pieces.length === 1) this.#sealBlock();
    const piece = this.#pieces.shift();
    if (piece) this.#size -= piece.length;
    return piece;
  }

  /** Takes all as one. */
  takeAll(): Buffer {
    this.#sealBlock();
    const [first = nothing] = this.#pieces;
    const all = this.#pieces.length < 2 ? first : Buffer.concat(this.#pieces, this.#size);
    this.clear();
    return all;
  }

  clear(): void {
    if (this.#pieces.length === 0) return;
    this.#pieces = [];
    this.#size = 0;
    this.#block = nothing;
    this.#blockUsed = 0;
  }

  /** The block ends where its bytes end. */
  #sealBlock(): void {
    if (this.#blockUsed > 0)
      this.#pieces[this.#pieces.length - 1] = this.#block.subarray(0, this.#blockUsed);
    this.#block = nothing;
    this.#blockUsed = 0;
  }
}
