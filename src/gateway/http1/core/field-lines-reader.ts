import {
  carriageReturn,
  colon,
  inToken,
  inValue,
  lineFeed,
  skipClass,
  space,
  tab,
} from "./bytes.ts";
import { type HeadPiece, type HeadRefusal, noLineEnd } from "./head-piece.ts";

const atField = 0;
const inName = 1;
const beforeValue = 2;
const inValueText = 3;
const atLineFeed = 4;
const atEndLineFeed = 5;
const complete = 6;

const spanSize = 4;

/** Reads the header fields and the empty line behind them. */
export class FieldLinesReader {
  refusal: HeadRefusal | undefined;
  readonly #countMax: number;
  #state = atField;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #spans: number[] = [];

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get isComplete(): boolean {
    return this.#state === complete;
  }

  /** Where names and values begin and end in the head, four numbers a field; the next head begins. */
  take(): readonly number[] {
    const spans = this.#spans;
    this.#spans = [];
    this.#state = atField;
    return spans;
  }

  /** Gives the index where it stopped: behind the last line or at the end of the piece; -1 if a field is refused. */
  read(piece: HeadPiece): number {
    const { bytes, stop, base } = piece;
    let { at } = piece;
    while (at >= 0 && at < stop) {
      switch (this.#state) {
        case atField:
          at = this.#readStart(piece, at);
          break;
        case inName:
          at = this.#readName(piece, at);
          break;
        case beforeValue:
          while (at < stop && (bytes[at] === space || bytes[at] === tab)) at += 1;
          if (at === stop) return at;
          this.#valueStart = at + base;
          this.#state = inValueText;
          break;
        case inValueText:
          at = this.#readValue(piece, at);
          break;
        case atLineFeed:
          if (bytes[at] !== lineFeed) return this.#refuse(400, noLineEnd);
          this.#state = atField;
          at += 1;
          break;
        default:
          if (bytes[at] !== lineFeed) return this.#refuse(400, noLineEnd);
          this.#state = complete;
          return at + 1;
      }
    }
    return at;
  }

  #readStart({ bytes, base }: HeadPiece, at: number): number {
    const byte = bytes[at] as number;
    if (byte === carriageReturn) {
      this.#state = atEndLineFeed;
      return at + 1;
    }
    if (byte === space || byte === tab)
      return this.#refuse(400, "a header field is folded over two lines");
    if (this.#spans.length >= this.#countMax * spanSize)
      return this.#refuse(431, `the request has more than ${this.#countMax} header fields`);
    this.#nameStart = at + base;
    this.#state = inName;
    return at;
  }

  #readName(piece: HeadPiece, from: number): number {
    const at = skipClass(piece, inToken, from);
    if (at === piece.stop) return at;
    this.#nameEnd = at + piece.base;
    // White space before the colon is refused and not removed (RFC 9112, section 5.1).
    if (piece.bytes[at] !== colon || this.#nameEnd === this.#nameStart)
      return this.#refuse(400, "a header field is not a name, a colon and a value");
    this.#state = beforeValue;
    return at + 1;
  }

  #readValue(piece: HeadPiece, from: number): number {
    const at = skipClass(piece, inValue, from);
    if (at === piece.stop) return at;
    if (piece.bytes[at] !== carriageReturn)
      return this.#refuse(400, "a header field holds a control character or ends without CR LF");
    this.#spans.push(this.#nameStart, this.#nameEnd, this.#valueStart, at + piece.base);
    this.#state = atLineFeed;
    return at + 1;
  }

  #refuse(status: HeadRefusal["status"], detail: string): -1 {
    this.refusal = { status, detail };
    return -1;
  }
}
