import type { Buffer } from "node:buffer";
import { carriageReturn, lineFeed } from "./bytes.ts";

/** Whom a decoder gives what it decoded. */
export interface ByteSink {
  onBytes(bytes: Buffer): void;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quoted =
  '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
/** Eight digits hold any chunk that fits into memory, and never overflow. */
const sizePattern = /^[0-9A-Fa-f]{1,8}$/;
const sizeWithExtensions = new RegExp(
  `^([0-9A-Fa-f]{1,8})(?:[\\t ]*;[\\t ]*${token}(?:[\\t ]*=[\\t ]*(?:${token}|${quoted}))?)+$`,
);
/** They must not be trailers (RFC 9110, section 6.5.1), and node:http, for one, obeys a `Connection: close` among them. */
const framingTrailer = /^(?:content-length|transfer-encoding|connection):/i;
const trailerPattern = new RegExp(`^${token}:[\\t\\x20-\\x7e\\x80-\\xff]*$`);

const lineBytesMax = 1024;
/** Extensions and trailers of one body together: nobody needs them, and they must not be a way to send without end. */
const overheadBytesMax = 16 * 1024;

const atSize = 0;
const inData = 1;
const atDataReturn = 2;
const atDataLineFeed = 3;
const atTrailer = 4;
const complete = 5;

/**
 * Decodes a chunked body that comes in any pieces (RFC 9112, section 7.1). Extensions are checked and ignored, trailers checked
 * and dropped: no field of a request may change after the request was judged.
 */
export class ChunkedDecoder {
  #state = atSize;
  #refusal: string | undefined;
  #line = "";
  #left = 0;
  #overheadBytes = 0;

  get isDone(): boolean {
    return this.#state === complete;
  }

  /** What is wrong with the framing; nothing more is decoded then. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Decodes from `from` on. Gives the index behind the last byte that was taken. */
  push(piece: Buffer, from: number, sink: ByteSink): number {
    let at = from;
    while (at < piece.length && this.#state !== complete && this.#refusal === undefined) {
      if (this.#state === inData) {
        const end = Math.min(piece.length, at + this.#left);
        sink.onBytes(piece.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = atDataReturn;
      } else if (this.#state === atDataReturn || this.#state === atDataLineFeed) {
        const expected = this.#state === atDataReturn ? carriageReturn : lineFeed;
        if (piece[at] !== expected) this.#refusal = "a chunk is not followed by CR LF";
        this.#state = this.#state === atDataReturn ? atDataLineFeed : atSize;
        at += 1;
      } else at = this.#readLine(piece, at);
    }
    return at;
  }

  #readLine(piece: Buffer, from: number): number {
    const end = piece.indexOf(lineFeed, from);
    const stop = end < 0 ? piece.length : end;
    if (this.#line.length + stop - from > lineBytesMax) {
      this.#refusal = "a line of the chunked body is too long";
      return stop;
    }
    this.#line += piece.toString("latin1", from, stop);
    if (end < 0) return stop;
    const line = this.#line;
    this.#line = "";
    if (!line.endsWith("\r")) this.#refusal = "a line of the chunked body does not end with CR LF";
    else if (this.#state === atSize) this.#onSize(line.slice(0, -1));
    else this.#onTrailer(line.slice(0, -1));
    return end + 1;
  }

  #onSize(line: string): void {
    const digits = sizePattern.test(line) ? line : sizeWithExtensions.exec(line)?.[1];
    if (digits === undefined) {
      this.#refusal = "a chunk does not begin with its size";
      return;
    }
    this.#count(line.length - digits.length);
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? atTrailer : inData;
  }

  #onTrailer(line: string): void {
    if (line === "") this.#state = complete;
    else if (!trailerPattern.test(line)) this.#refusal = "a trailer is not a name and a value";
    else if (framingTrailer.test(line)) this.#refusal = "a trailer speaks of the framing";
    else this.#count(line.length);
  }

  #count(bytes: number): void {
    this.#overheadBytes += bytes;
    if (this.#overheadBytes > overheadBytesMax)
      this.#refusal = `extensions and trailers have more than ${overheadBytesMax} bytes`;
  }
}
