import type { Buffer } from "node:buffer";
import { FrameError, type FrameView } from "./frame-reader.ts";

/** Reads the fields of a frame one by one: `while (fields.next()) switch (fields.tag) ...`. */
export class FieldReader {
  tag = 0;
  #buffer: Buffer;
  #at: number;
  #end: number;
  #valueStart = 0;
  #valueEnd = 0;

  constructor(frame: FrameView) {
    this.#buffer = frame.buffer;
    this.#at = frame.fieldsStart;
    this.#end = frame.bodyStart;
  }

  /** Steps to the next field; false at the end. Throws {@link FrameError} if a field reaches past the end. */
  next(): boolean {
    if (this.#at === this.#end) return false;
    const valueStart = this.#at + 3;
    if (valueStart > this.#end) throw new FrameError("a field is cut off");
    this.tag = this.#buffer[this.#at] as number;
    this.#valueStart = valueStart;
    this.#valueEnd = valueStart + this.#buffer.readUInt16BE(this.#at + 1);
    if (this.#valueEnd > this.#end)
      throw new FrameError(`field ${this.tag} reaches past the end of the fields`);
    this.#at = this.#valueEnd;
    return true;
  }

  /** The value as an unsigned 32-bit number. */
  u32(): number {
    if (this.#valueEnd - this.#valueStart !== 4)
      throw new FrameError(`field ${this.tag} must have 4 bytes`);
    return this.#buffer.readUInt32BE(this.#valueStart);
  }

  /** How many bytes the value has. */
  get size(): number {
    return this.#valueEnd - this.#valueStart;
  }

  /** Four bytes of the value as a signed number; `offset` and the three behind it are below {@link size}. */
  i32At(offset: number): number {
    return this.#buffer.readInt32BE(this.#valueStart + offset);
  }

  /** One byte of the value; `offset` is below {@link size}. */
  u8At(offset: number): number {
    return this.#buffer[this.#valueStart + offset] as number;
  }

  /** The value as UTF-8 text. */
  text(): string {
    return this.#buffer.toString("utf8", this.#valueStart, this.#valueEnd);
  }

  /** The value's bytes, in place. */
  bytes(): Buffer {
    return this.#buffer.subarray(this.#valueStart, this.#valueEnd);
  }
}
