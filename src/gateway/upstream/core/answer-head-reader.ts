/**
 * Reads the heads of an upstream's answers, as strictly as those of clients: `HTTP/1.1 200 OK CRLF`, fields, an empty line (RFC
 * 9112, section 4). What two readers could understand differently is refused; a mended answer could be half of another one.
 */
import { Buffer } from "node:buffer";
import type { HeaderList } from "../../../http/index.ts";

/** A head as it came. */
export interface AnswerHead {
  readonly minorVersion: 0 | 1;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HeaderList;
}

/** Bounds of an answer's head. */
export interface AnswerHeadLimits {
  readonly headBytesMax: number;
  readonly headersMax: number;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const fieldLine =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?[\t ]*$/;
const headEnd = Buffer.from("\r\n\r\n");
const empty = Buffer.alloc(0);

export class AnswerHeadReader {
  readonly #limits: AnswerHeadLimits;
  /** The bytes of this head that came in earlier pieces. */
  #kept = empty;
  #refusal: string | undefined;

  constructor(limits: AnswerHeadLimits) {
    this.#limits = limits;
  }

  /** What is wrong with the head; nothing more is read then. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Reads on at `from`. Gives the head and the index behind it; undefined if it is not complete, or is refused. */
  read(bytes: Buffer, from: number): { head: AnswerHead; end: number } | undefined {
    const keptBytes = this.#kept.length;
    const piece = from === 0 ? bytes : bytes.subarray(from);
    const all = keptBytes === 0 ? piece : Buffer.concat([this.#kept, piece]);
    const end = all.indexOf(headEnd, Math.max(0, keptBytes - headEnd.length + 1));
    const { headBytesMax } = this.#limits;
    if (end > headBytesMax || (end < 0 && all.length > headBytesMax)) {
      this.#refusal = `its head has more than ${headBytesMax} bytes`;
      return undefined;
    }
    if (end < 0) {
      this.#kept = Buffer.from(all);
      return undefined;
    }
    this.#kept = empty;
    const head = this.#parse(all.toString("latin1", 0, end));
    return head && { head, end: from + end + headEnd.length - keptBytes };
  }

  #parse(text: string): AnswerHead | undefined {
    const [first = "", ...lines] = text.split("\r\n");
    const [, minor, status] = statusLine.exec(first) ?? [];
    if (minor === undefined || status === undefined) return this.#refuse("it is not HTTP/1.1");
    if (lines.length > this.#limits.headersMax)
      return this.#refuse(`it has more than ${this.#limits.headersMax} header fields`);
    const headers: [string, string][] = [];
    for (const line of lines) {
      const [, name, value = ""] = fieldLine.exec(line) ?? [];
      if (name === undefined) return this.#refuse("a header field is malformed");
      headers.push([name.toLowerCase(), value]);
    }
    return { minorVersion: minor === "0" ? 0 : 1, status: Number(status), headers };
  }

  #refuse(refusal: string): undefined {
    this.#refusal = refusal;
  }
}
