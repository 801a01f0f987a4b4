import {
  byteClasses,
  carriageReturn,
  inTarget,
  inToken,
  lineFeed,
  skipClass,
  space,
} from "./bytes.ts";
import { type HeadPiece, type HeadRefusal, noLineEnd } from "./head-piece.ts";

const atStart = 0;
const atStartLineFeed = 1;
const afterEmptyLine = 2;
const inMethod = 3;
const inTargetText = 4;
const inVersion = 5;
const atLineFeed = 6;
const complete = 7;

const methodLengthMax = 32;
const protocol = "HTTP/";
const zero = 0x30;
const nine = 0x39;
const dot = 0x2e;

/** Reads `GET /books?tag=a HTTP/1.1`: one space between the parts and none around them. Positions are in the head. */
export class RequestLineReader {
  refusal: HeadRefusal | undefined;
  methodStart = 0;
  methodEnd = 0;
  targetEnd = 0;
  minorVersion: 0 | 1 = 1;
  #majorDigit = 0;
  #minorDigit = 0;
  #state = atStart;

  /** Whether no byte has come. */
  get isEmpty(): boolean {
    return this.#state === atStart;
  }

  get isComplete(): boolean {
    return this.#state === complete;
  }

  /** Whether the target has begun and not ended. */
  get isInTarget(): boolean {
    return this.#state === inTargetText;
  }

  /** Forgets the line. */
  reset(): void {
    this.#state = atStart;
  }

  /** Gives the index where it stopped: behind the line or at the end of the piece; -1 if the line is refused. */
  read(piece: HeadPiece): number {
    let { at } = piece;
    while (at >= 0 && at < piece.stop) {
      switch (this.#state) {
        case inMethod:
          at = this.#readMethod(piece, at);
          break;
        case inTargetText:
          at = this.#readTarget(piece, at);
          break;
        case inVersion:
          at = this.#readVersion(piece, at);
          break;
        case atLineFeed:
          if (piece.bytes[at] !== lineFeed) return this.#refuse(400, noLineEnd);
          this.#state = complete;
          return at + 1;
        default:
          at = this.#readStart(piece, at);
      }
    }
    return at;
  }

  /** One empty line may come before a request (RFC 9112, section 2.2). */
  #readStart({ bytes, base }: HeadPiece, at: number): number {
    const byte = bytes[at] as number;
    if (this.#state === atStartLineFeed) {
      if (byte !== lineFeed) return this.#refuse(400, noLineEnd);
      this.#state = afterEmptyLine;
      return at + 1;
    }
    if (byte === carriageReturn && this.#state === atStart) {
      this.#state = atStartLineFeed;
      return at + 1;
    }
    if (((byteClasses[byte] as number) & inToken) === 0)
      return this.#refuse(400, "this is not an HTTP request");
    this.methodStart = at + base;
    this.#state = inMethod;
    return at;
  }

  #readMethod(piece: HeadPiece, from: number): number {
    const at = skipClass(piece, inToken, from);
    if (at + piece.base - this.methodStart > methodLengthMax)
      return this.#refuse(501, `no method is longer than ${methodLengthMax} characters`);
    if (at === piece.stop) return at;
    if (piece.bytes[at] !== space)
      return this.#refuse(400, "the method is not followed by one space");
    this.methodEnd = at + piece.base;
    this.#state = inTargetText;
    return at + 1;
  }

  #readTarget(piece: HeadPiece, from: number): number {
    const at = skipClass(piece, inTarget, from);
    if (at === piece.stop) return at;
    const byte = piece.bytes[at];
    if (byte !== space) {
      const isLineEnd = byte === carriageReturn || byte === lineFeed;
      const detail = isLineEnd
        ? "the request line names no HTTP version"
        : "the request target holds characters that must be percent-encoded";
      return this.#refuse(400, detail);
    }
    this.targetEnd = at + piece.base;
    if (this.targetEnd === this.methodEnd + 1)
      return this.#refuse(400, "the method is not followed by one space and a target");
    this.#state = inVersion;
    return at + 1;
  }

  /** `HTTP/1.1`, eight bytes and CR. */
  #readVersion({ bytes, stop, base }: HeadPiece, from: number): number {
    for (let at = from; at < stop; at += 1) {
      const byte = bytes[at] as number;
      const position = at + base - this.targetEnd - 1;
      const isDigit = byte >= zero && byte <= nine;
      if (position === 8) {
        if (byte !== carriageReturn) return this.#refuse(400, noLineEnd);
        if (this.#majorDigit !== 1 || this.#minorDigit > 1)
          return this.#refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
        this.minorVersion = this.#minorDigit === 0 ? 0 : 1;
        this.#state = atLineFeed;
        return at + 1;
      }
      if (position === 5 && isDigit) this.#majorDigit = byte - zero;
      else if (position === 7 && isDigit) this.#minorDigit = byte - zero;
      else if (byte !== (position === 6 ? dot : protocol.charCodeAt(position)))
        return this.#refuse(400, "the request line does not end with an HTTP version");
    }
    return stop;
  }

  #refuse(status: HeadRefusal["status"], detail: string): -1 {
    this.refusal = { status, detail };
    return -1;
  }
}
