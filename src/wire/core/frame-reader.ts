import { Buffer } from "node:buffer";
import { headerBytes, lengthMark } from "./frame.ts";

/** A frame as it lies in the read buffer. Valid only until the reader's callback returns: copy what must live longer. */
export interface FrameView {
  type: number;
  flags: number;
  streamId: number;
  /** The buffer that all offsets refer to. */
  buffer: Buffer;
  fieldsStart: number;
  bodyStart: number;
  bodyEnd: number;
}

/** Why the bytes are not the protocol. */
export class FrameError extends Error {}

/**
 * Cuts a byte stream into frames. Whole frames inside one chunk are handed over in place; only a frame that is split over
 * chunks is copied.
 *
 * Invariants: (R1) never holds more than `frameBytesMax` + 4 bytes; (R2) after an error nothing more is accepted.
 */
export class FrameReader {
  /** Whether the frame that is handed over is the last of its chunk. */
  isAtEnd = false;
  readonly #frameBytesMax: () => number;
  readonly #onFrame: (frame: FrameView) => void;
  readonly #view: FrameView;
  #rest: Buffer | undefined;
  #restLength = 0;
  #isStopped = false;

  /** @param frameBytesMax asked at each frame, because the limit is lower before authentication. */
  constructor(frameBytesMax: () => number, onFrame: (frame: FrameView) => void) {
    this.#frameBytesMax = frameBytesMax;
    this.#onFrame = onFrame;
    this.#view = {
      type: 0,
      flags: 0,
      streamId: 0,
      buffer: Buffer.alloc(0),
      fieldsStart: 0,
      bodyStart: 0,
      bodyEnd: 0,
    };
  }

  /** Takes the next bytes of the stream. Throws {@link FrameError}. */
  push(chunk: Buffer): void {
    let offset = this.#rest ? this.#completeRest(chunk) : 0;
    while (!this.#isStopped && this.#rest === undefined && offset < chunk.length) {
      const available = chunk.length - offset;
      const size = available >= 4 ? this.#frameSize(chunk, offset) : 0;
      if (size === 0 || size > available) {
        this.#keep(chunk, offset, size);
        return;
      }
      const end = offset + size;
      this.isAtEnd = end === chunk.length;
      this.#emit(chunk, offset, size);
      offset = end;
    }
  }

  /** Accepts nothing more, also not what is left of the current chunk. */
  stop(): void {
    this.#isStopped = true;
    this.#rest = undefined;
  }

  /** Size of the frame that starts at `offset`, with its length field. */
  #frameSize(buffer: Buffer, offset: number): number {
    const word = buffer.readUInt32BE(offset);
    if (word < lengthMark)
      throw new FrameError(
        "the first bit of a frame must be 1; is the peer speaking another protocol?",
      );
    const length = word - lengthMark;
    const limit = this.#frameBytesMax();
    if (length > limit) throw new FrameError(`a frame of ${length} bytes; the limit is ${limit}`);
    if (length < headerBytes - 4)
      throw new FrameError(`a frame of ${length} bytes is shorter than its header`);
    return length + 4;
  }

  #keep(chunk: Buffer, offset: number, size: number): void {
    const length = chunk.length - offset;
    this.#rest = Buffer.allocUnsafe(Math.max(size, length, headerBytes));
    chunk.copy(this.#rest, 0, offset);
    this.#restLength = length;
  }

  /** Adds to the split frame; returns how many bytes of the chunk it took. */
  #completeRest(chunk: Buffer): number {
    let rest = this.#rest as Buffer;
    let taken = 0;
    if (this.#restLength < 4) {
      taken = chunk.copy(rest, this.#restLength, 0, 4 - this.#restLength);
      this.#restLength += taken;
      if (this.#restLength < 4) return taken;
    }
    const size = this.#frameSize(rest, 0);
    if (rest.length < size) {
      const larger = Buffer.allocUnsafe(size);
      rest.copy(larger, 0, 0, this.#restLength);
      this.#rest = larger;
      rest = larger;
    }
    const copied = chunk.copy(rest, this.#restLength, taken, taken + size - this.#restLength);
    this.#restLength += copied;
    if (this.#restLength === size) {
      this.#rest = undefined;
      this.isAtEnd = taken + copied === chunk.length;
      this.#emit(rest, 0, size);
    }
    return taken + copied;
  }

  #emit(buffer: Buffer, offset: number, size: number): void {
    const view = this.#view;
    view.buffer = buffer;
    view.type = buffer[offset + 4] as number;
    view.flags = buffer[offset + 5] as number;
    view.streamId = buffer.readUInt32BE(offset + 6);
    view.fieldsStart = offset + headerBytes;
    view.bodyStart = view.fieldsStart + buffer.readUInt16BE(offset + 10);
    view.bodyEnd = offset + size;
    if (view.bodyStart > view.bodyEnd)
      throw new FrameError("the fields reach past the end of the frame");
    this.#onFrame(view);
  }
}
