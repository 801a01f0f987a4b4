/** One word, sign or literal of TypeScript or JavaScript. */
export interface Token {
  readonly kind: "word" | "sign" | "text" | "number" | "other";
  /** Of a text: what it stands for; of everything else: as it is written. */
  readonly value: string;
  /** Where it begins in the source. */
  readonly at: number;
}

/** In order: comments and blanks, words, numbers, texts, `...`, `=>`, any other sign. Templates and patterns are handled apart. */
const pattern =
  /(?<blank>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<word>[\p{L}_$#][\p{L}\p{N}_$]*)|(?<number>(?:\d|\.\d)[\w.]*)|(?<text>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')|(?<sign>\.\.\.|=>|[^\s"'`])/uy;

/** After these words, and after any sign but a closing one, `/` begins a pattern and divides nothing. */
const beforePattern = /^(?:return|typeof|case|in|of|void|await)$/;
const regularExpression = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

/** The tokens of a source, without comments; undefined for what cannot be read as one. */
export function tokensOf(source: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const end =
      source[at] === "`" ? templateEnd(source, at) : patternEnd(source, at, tokens.at(-1));
    if (end !== undefined) {
      tokens.push({ kind: "other", value: source.slice(at, end), at });
      at = end;
      continue;
    }
    pattern.lastIndex = at;
    const groups = pattern.exec(source)?.groups;
    if (!groups) return undefined;
    const { blank, word, number, text, sign } = groups;
    if (word !== undefined) tokens.push({ kind: "word", value: word, at });
    if (number !== undefined) tokens.push({ kind: "number", value: number, at });
    if (text !== undefined) tokens.push({ kind: "text", value: unquoted(text), at });
    if (sign !== undefined) tokens.push({ kind: "sign", value: sign, at });
    at += (blank ?? word ?? number ?? text ?? sign ?? "").length;
  }
  return tokens;
}

function patternEnd(source: string, at: number, former: Token | undefined): number | undefined {
  if (source[at] !== "/" || source[at + 1] === "/" || source[at + 1] === "*") return undefined;
  const isOperand =
    former !== undefined &&
    (former.kind === "sign" ? /^[)\]}]$/.test(former.value) : !beforePattern.test(former.value));
  if (isOperand) return undefined;
  regularExpression.lastIndex = at;
  return regularExpression.test(source) ? regularExpression.lastIndex : undefined;
}

/** Where a template ends, with what is inserted in it, which may hold templates; undefined if it does not. */
function templateEnd(source: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start + 1; at < source.length; at += 1) {
    const sign = source[at];
    if (sign === "\\") at += 1;
    else if (sign === "`" && depth === 0) return at + 1;
    else if (sign === "`") at = (templateEnd(source, at) ?? source.length) - 1;
    else if (sign === "$" && source[at + 1] === "{" && depth === 0) {
      depth = 1;
      at += 1;
    } else if (sign === "{" && depth > 0) depth += 1;
    else if (sign === "}" && depth > 0) depth -= 1;
  }
  return undefined;
}

/** Names need no escapes: one that has any is found by nobody. */
function unquoted(text: string): string {
  return text.slice(1, -1);
}
