/**
 * Reads the head of a request out of bytes that come in any pieces, each byte once:
 *
 * ```
 *   GET /books?tag=a HTTP/1.1 CRLF      method SP target SP version
 *   Host: shop.example CRLF             name ":" OWS value OWS
 *   CRLF
 * ```
 *
 * Invariants: (H1) how the bytes were cut never changes what is read or refused; (H2) nothing is mended: a bare LF, a space before
 * a colon or a folded line is refused, because the next reader may have mended it differently; (H3) at most `headerBytesMax` are kept.
 */
import { Buffer } from "node:buffer";
import { FieldLinesReader } from "./field-lines-reader.ts";
import type { HeadRefusal } from "./head-piece.ts";
import { ParsedHead } from "./parsed-head.ts";
import { RequestLineReader } from "./request-line-reader.ts";

/** Bounds of a head. */
export interface HeadLimits {
  readonly headerBytesMax: number;
  readonly headersMax: number;
}

const empty = Buffer.alloc(0);
const keptBytesMin = 512;

/** Reads heads one after another; {@link HeadReader.take} gives each and begins the next. */
export class HeadReader {
  readonly #bytesMax: number;
  readonly #line = new RequestLineReader();
  readonly #fields: FieldLinesReader;
  #tooLong: HeadRefusal | undefined;
  /** The bytes of this head that came in earlier pieces. */
  #kept = empty;
  #keptLength = 0;
  #text = "";

  constructor({ headerBytesMax, headersMax }: HeadLimits) {
    this.#bytesMax = headerBytesMax;
    this.#fields = new FieldLinesReader(headersMax);
  }

  /** Why the head is refused; nothing more is read then. */
  get refusal(): HeadRefusal | undefined {
    return this.#line.refusal ?? this.#fields.refusal ?? this.#tooLong;
  }

  /** Whether no byte of a next head has come. */
  get isEmpty(): boolean {
    return this.#line.isEmpty;
  }

  /** Reads on at `from`. Gives the index behind the head, or -1 if the head is not complete, or is refused. */
  read(bytes: Buffer, from: number): number {
    const room = this.#bytesMax - this.#keptLength;
    const stop = Math.min(bytes.length, from + room);
    const base = this.#keptLength - from;
    let at = from;
    if (!this.#line.isComplete) at = this.#line.read({ bytes, at, stop, base });
    if (this.#line.isComplete) at = this.#fields.read({ bytes, at, stop, base });
    if (at < 0) return -1;
    if (this.#fields.isComplete) {
      const text = bytes.toString("latin1", from, at);
      this.#text =
        this.#keptLength === 0 ? text : this.#kept.toString("latin1", 0, this.#keptLength) + text;
      return at;
    }
    if (stop - from === room) this.#refuseLength();
    else this.#keep(bytes, from);
    return -1;
  }

  /** The head that is complete; the next one begins. */
  take(): ParsedHead {
    const text = this.#text;
    const { methodStart, methodEnd, targetEnd, minorVersion } = this.#line;
    const head = new ParsedHead({
      text,
      method: text.slice(methodStart, methodEnd),
      target: text.slice(methodEnd + 1, targetEnd),
      minorVersion,
      spans: this.#fields.take(),
    });
    this.#line.reset();
    this.#kept = empty;
    this.#keptLength = 0;
    this.#text = "";
    return head;
  }

  #refuseLength(): void {
    const limit = `the limit is ${this.#bytesMax} bytes`;
    this.#tooLong = this.#line.isInTarget
      ? { status: 414, detail: `the request target is too long; ${limit}` }
      : { status: 431, detail: `the request's head is too large; ${limit}` };
  }

  /** Heads seldom come in pieces, so room for them is made when they do, and given back. */
  #keep(bytes: Buffer, from: number): void {
    const length = this.#keptLength + bytes.length - from;
    if (length > this.#kept.length) {
      const size = Math.min(Math.max(length * 2, keptBytesMin), this.#bytesMax);
      const grown = Buffer.allocUnsafeSlow(size);
      this.#kept.copy(grown, 0, 0, this.#keptLength);
      this.#kept = grown;
    }
    bytes.copy(this.#kept, this.#keptLength, from);
    this.#keptLength = length;
  }
}
