import { Buffer } from "node:buffer";
import type { TraceContext } from "../../telemetry/index.ts";
import type { Body } from "../types.ts";
import { headerBytes, lengthMark } from "./frame.ts";

const chunkBytes = 64 * 1024;
/** A field's size is a u16. */
const fieldBytesMax = 0xffff;
/** A trace context: trace id (16), span id (8), flags (1). */
export const traceBytes = 25;

/**
 * Encodes frames one after another into one growing buffer, so that everything said within a tick leaves in one write.
 * Use: `begin`, fields, `body`, `end`; then `take` what was written.
 */
export class FrameWriter {
  #buffer = Buffer.allocUnsafeSlow(chunkBytes);
  /** Up to here the buffer is another's. */
  #takenTo = 0;
  /** Up to here it is written. */
  #end = 0;
  #frameStart = 0;
  #fieldsStart = 0;

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#end - this.#takenTo;
  }

  /** Starts a frame. */
  begin(type: number, flags: number, streamId: number): void {
    this.#reserve(headerBytes);
    const buffer = this.#buffer;
    const start = this.#end;
    this.#frameStart = start;
    buffer[start + 4] = type;
    buffer[start + 5] = flags;
    buffer.writeUInt32BE(streamId, start + 6);
    this.#fieldsStart = start + headerBytes;
    this.#end = this.#fieldsStart;
  }

  /** A field holding an unsigned 32-bit number. */
  u32(tag: number, value: number): void {
    this.#reserve(7);
    const at = this.#end;
    const buffer = this.#buffer;
    buffer[at] = tag;
    buffer[at + 1] = 0;
    buffer[at + 2] = 4;
    buffer.writeUInt32BE(value >>> 0, at + 3);
    this.#end = at + 7;
  }

  /** A field holding bytes. */
  bytes(tag: number, value: Uint8Array): void {
    if (value.length > fieldBytesMax)
      throw new RangeError(`field ${tag} has ${value.length} bytes; the limit is 65535`);
    this.#reserve(3 + value.length);
    const at = this.#end;
    this.#buffer[at] = tag;
    this.#buffer.writeUInt16BE(value.length, at + 1);
    this.#buffer.set(value, at + 3);
    this.#end = at + 3 + value.length;
  }

  /** A field holding a trace context. */
  trace(tag: number, { words, flags }: TraceContext): void {
    this.#reserve(3 + traceBytes);
    const buffer = this.#buffer;
    const at = this.#end;
    buffer[at] = tag;
    buffer[at + 1] = 0;
    buffer[at + 2] = traceBytes;
    for (let index = 0; index < 6; index += 1)
      buffer.writeInt32BE(words[index] as number, at + 3 + index * 4);
    buffer[at + 27] = flags;
    this.#end = at + 3 + traceBytes;
  }

  /** A field holding text, as UTF-8. */
  text(tag: number, value: string): void {
    this.#reserve(3 + value.length * 3);
    const at = this.#end;
    const size = this.#buffer.write(value, at + 3, "utf8");
    if (size > fieldBytesMax)
      throw new RangeError(`field ${tag} has ${size} bytes; the limit is 65535`);
    this.#buffer[at] = tag;
    this.#buffer.writeUInt16BE(size, at + 1);
    this.#end = at + 3 + size;
  }

  /** Closes the fields and writes the body; the frame is complete. */
  end(body: Body): void {
    this.#buffer.writeUInt16BE(this.#end - this.#fieldsStart, this.#frameStart + 10);
    if (typeof body === "string") {
      this.#reserve(body.length * 3);
      this.#end += this.#buffer.write(body, this.#end, "utf8");
    } else {
      this.#reserve(body.length);
      this.#buffer.set(body, this.#end);
      this.#end += body.length;
    }
    const size = this.#end - this.#frameStart - 4;
    this.#buffer.writeUInt32BE((lengthMark | size) >>> 0, this.#frameStart);
  }

  /** Forgets the frame that was begun and not ended. */
  abandon(): void {
    this.#end = this.#frameStart;
  }

  /** What was written since the last take. The memory is the caller's from now on. */
  take(): Buffer {
    const taken = this.#buffer.subarray(this.#takenTo, this.#end);
    this.#takenTo = this.#end;
    return taken;
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#buffer.length) return;
    // Either the rest of the chunk is too small, or one tick holds more than a chunk: move on to a larger one.
    const length = this.#end - this.#takenTo;
    const next = Buffer.allocUnsafeSlow(
      Math.max(chunkBytes, length === 0 ? size : (length + size) * 2),
    );
    this.#buffer.copy(next, 0, this.#takenTo, this.#end);
    this.#frameStart -= this.#takenTo;
    this.#fieldsStart -= this.#takenTo;
    this.#buffer = next;
    this.#takenTo = 0;
    this.#end = length;
  }
}
