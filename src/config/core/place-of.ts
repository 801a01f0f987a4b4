/**
 * Where a setting stands in the source of a configuration file. It is found only where it is written out: as a literal, in an object
 * or list that is itself written out, down from the default export or from a constant that is used there alone. What is computed, spread,
 * imported or changed later is not found, and nothing is said of it: a wrong line would be worse than none.
 */
import { type Token, tokensOf } from "./source-tokens.ts";

/** Where something stands, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** From one token up to and without another. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** One part of an object or list; without a key it is one that may hold any. */
interface Entry extends Range {
  readonly key?: string;
  /** The token it begins with. */
  readonly start: number;
}

const closing: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

/** The place of the setting that a path such as `gateway.routes.0.path` leads to; of one that is missing, where it belongs. */
export function placeOf(source: string, path: string): Place | undefined {
  const tokens = tokensOf(source);
  const at = tokens && new Source(tokens).find(path.split("."));
  if (at === undefined) return undefined;
  const before = source.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

class Source {
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Where in the text the setting begins. */
  find(path: readonly string[]): number | undefined {
    let value = this.#root();
    let found: number | undefined;
    for (const [index, key] of path.entries()) {
      const literal = value && this.#literal(value);
      const entries = literal && this.#entries(literal);
      if (!entries) return undefined;
      const at = entries.findLastIndex((entry) => entry.key === key);
      // What comes behind it and cannot be read may hold it once more, and that would count.
      if (entries.slice(at + 1).some((entry) => entry.key === undefined)) return undefined;
      const entry = entries[at];
      if (!entry) return index === path.length - 1 ? found : undefined;
      found = this.#tokens[entry.start]?.at;
      value = entry;
    }
    return found;
  }

  /** What is exported by default. */
  #root(): Range | undefined {
    const at = this.#tokens.findIndex(
      (_, index) => this.#is(index, "export") && this.#is(index + 1, "default"),
    );
    if (at === -1) return undefined;
    const from = at + 2;
    return { from, to: this.#endOf(from, ";") };
  }

  /** The object or list that an expression is, without what is around it; undefined if it is none. */
  #literal({ from, to }: Range): Range | undefined {
    const end = this.#matching(from);
    const isAlone = end !== undefined && (end + 1 >= to || this.#isTypeOrEnd(end + 1));
    if (this.#is(from, "defineConfig") && this.#is(from + 1, "(")) {
      const close = this.#matching(from + 1) ?? from;
      return this.#literal({ from: from + 2, to: close });
    }
    if (this.#is(from, "(") && isAlone) return this.#literal({ from: from + 1, to: end });
    if ((this.#is(from, "{") || this.#is(from, "[")) && isAlone) return { from, to: end };
    const word = this.#tokens[from];
    const isName = word?.kind === "word" && (from + 1 >= to || this.#isTypeOrEnd(from + 1));
    return isName ? this.#constant(word.value) : undefined;
  }

  /** The literal that a constant stands for, if it is used in one place, and so changed in none. */
  #constant(name: string): Range | undefined {
    const uses = this.#tokens.flatMap((token, index) =>
      token.kind === "word" && token.value === name && !this.#is(index + 1, ":") ? [index] : [],
    );
    const typed = this.#tokens.findIndex(
      (_, index) => this.#is(index, "const") && this.#is(index + 1, name),
    );
    const others = uses.filter((index) => index !== typed + 1);
    if (typed === -1 || others.length !== 1) return undefined;
    const equals = this.#endOf(typed + 2, "=");
    if (!this.#is(equals, "=")) return undefined;
    return this.#literal({ from: equals + 1, to: this.#endOf(equals + 1, ";") });
  }

  /** The parts of an object or list; undefined if its end is missing. */
  #entries({ from, to }: Range): Entry[] | undefined {
    const isList = this.#is(from, "[");
    const entries: Entry[] = [];
    for (let start = from + 1; start < to; ) {
      const end = this.#endOf(start, ",");
      if (end > to) return undefined;
      // Behind a spread nothing in a list has a known number.
      const isCounted = isList && entries.every(({ key }) => key !== undefined);
      const entry = isList
        ? this.#member(start, end, isCounted ? entries.length : undefined)
        : this.#entry(start, end);
      entries.push(entry);
      start = end + 1;
    }
    return entries;
  }

  #member(start: number, end: number, index: number | undefined): Entry {
    const range = { start, from: start, to: end };
    return this.#is(start, "...") || index === undefined ? range : { ...range, key: String(index) };
  }

  #entry(start: number, end: number): Entry {
    const range = { start, from: start, to: end };
    const token = this.#tokens[start];
    const isKey = token !== undefined && ["word", "text", "number"].includes(token.kind);
    if (!isKey) return range;
    if (this.#is(start + 1, ":")) return { ...range, key: token.value, from: start + 2 };
    const isShort = start + 1 === end && token.kind === "word";
    const isMethod = this.#is(start + 1, "(");
    return isShort || isMethod ? { ...range, key: token.value } : range;
  }

  /** The next of a sign that is not within brackets, or the bracket that closes what is around. */
  #endOf(from: number, sign: string): number {
    for (let at = from; at < this.#tokens.length; at += 1) {
      if (this.#is(at, sign) || (this.#isSign(at) && /^[)\]}]$/.test(this.#valueOf(at)))) return at;
      const end = this.#matching(at);
      if (end !== undefined) at = end;
    }
    return this.#tokens.length;
  }

  /** The bracket that closes the one there. */
  #matching(from: number): number | undefined {
    const open: string[] = [];
    for (let at = from; at < this.#tokens.length; at += 1) {
      if (!this.#isSign(at)) {
        if (open.length === 0) return undefined;
        continue;
      }
      const close = closing[this.#valueOf(at)];
      if (close !== undefined) open.push(close);
      else if (open.length === 0) return undefined;
      else if (/^[)\]}]$/.test(this.#valueOf(at)) && open.pop() !== this.#valueOf(at))
        return undefined;
      if (open.length === 0) return at;
    }
    return undefined;
  }

  /** Whether an expression ends there: types follow that change nothing, or the file goes on with something else. */
  #isTypeOrEnd(at: number): boolean {
    const value = this.#valueOf(at);
    return ["as", "satisfies", "export", "const", "import", "function"].includes(value);
  }

  #is(at: number, value: string): boolean {
    const token = this.#tokens[at];
    return token !== undefined && token.kind !== "text" && token.value === value;
  }

  #isSign(at: number): boolean {
    return this.#tokens[at]?.kind === "sign";
  }

  #valueOf(at: number): string {
    return this.#tokens[at]?.value ?? "";
  }
}
