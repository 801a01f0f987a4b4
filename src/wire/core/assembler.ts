import { Buffer } from "node:buffer";

/** Puts a message together that came in several frames. */
export class Assembler {
  readonly #pieces: Buffer[] = [];
  #size = 0;

  /** Bytes held. */
  get size(): number {
    return this.#size;
  }

  /** Adds a piece; it must stay valid. */
  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** The whole message; the assembler is empty afterwards. */
  take(): Buffer {
    const [first] = this.#pieces;
    const whole =
      this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces, this.#size);
    this.#pieces.length = 0;
    this.#size = 0;
    return whole;
  }
}
