/** A part of the head's text: where a field's name and value begin and end, four numbers a field. */
export type FieldSpans = readonly number[];

/** What a {@link ParsedHead} is made of. Positions are in `text`. */
export interface HeadParts {
  /** The head as it came, one character a byte. */
  readonly text: string;
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly spans: FieldSpans;
}

const spanSize = 4;
const lastBit = 0x20;

/**
 * A head that is sound byte by byte; what its fields mean together is judged in `request-head.ts`. Fields stay in the text until
 * somebody asks: most requests are answered from two or three of them, so making strings and lists of all would be lost work.
 */
export class ParsedHead {
  readonly method: string;
  /** The request target as sent. */
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly #text: string;
  readonly #spans: FieldSpans;

  constructor(parts: HeadParts) {
    this.method = parts.method;
    this.target = parts.target;
    this.minorVersion = parts.minorVersion;
    this.#text = parts.text;
    this.#spans = parts.spans;
  }

  get fieldCount(): number {
    return this.#spans.length / spanSize;
  }

  nameLength(index: number): number {
    const at = index * spanSize;
    return (this.#spans[at + 1] as number) - (this.#spans[at] as number);
  }

  /** Whether field `index` is called `name`, which is lower case and of the same length: letters and hyphens only. */
  isNamed(index: number, name: string): boolean {
    const start = this.#spans[index * spanSize] as number;
    for (let at = 0; at < name.length; at += 1) {
      // Of the bytes that a name may hold, only the upper case letter becomes the lower case one by this bit.
      if ((this.#text.charCodeAt(start + at) | lastBit) !== name.charCodeAt(at)) return false;
    }
    return true;
  }

  /** The value of field `index`, without the white space around it. */
  value(index: number): string {
    const at = index * spanSize;
    const start = this.#spans[at + 2] as number;
    let end = this.#spans[at + 3] as number;
    while (end > start && isBlank(this.#text.charCodeAt(end - 1))) end -= 1;
    return this.#text.slice(start, end);
  }

  /** The value of a field by its name in lower case; several are joined as a list (RFC 9110, section 5.3). */
  header(name: string): string | undefined {
    let found: string | undefined;
    for (let index = 0; index < this.fieldCount; index += 1) {
      if (this.nameLength(index) !== name.length || !this.isNamed(index, name)) continue;
      const value = this.value(index);
      // Cookies are the one field whose list has another separator (RFC 6265, section 5.4).
      found = found === undefined ? value : `${found}${name === "cookie" ? "; " : ", "}${value}`;
    }
    return found;
  }

  /** All fields in order, names in lower case. */
  headers(): (readonly [string, string])[] {
    return Array.from({ length: this.fieldCount }, (_, index) => {
      const at = index * spanSize;
      const name = this.#text.slice(this.#spans[at], this.#spans[at + 1]);
      return [name.toLowerCase(), this.value(index)] as const;
    });
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
