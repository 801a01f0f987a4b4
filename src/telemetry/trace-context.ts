/** What a context knows beside its identifiers. */
export interface TraceOrigin {
  /** The span that the new one is part of. */
  readonly parent?: TraceContext | undefined;
  /** The value of a `tracestate` header; default: the parent's. */
  readonly state?: string | undefined;
  /** Whose work it is; default: the parent's. */
  readonly service?: string | undefined;
}

/**
 * Where a piece of work belongs in a distributed trace, as in W3C Trace Context (Level 1, section 3.2). Every call makes one,
 * so the identifiers are kept as 32-bit words; text is made when somebody asks for it.
 */
export class TraceContext {
  /** The trace id (four words), then the span id (two), as signed 32-bit numbers. */
  readonly words: readonly [number, number, number, number, number, number];
  /** Bit 0: sampled. */
  readonly flags: number;
  /** The id of the span that this one is part of, as two words; 0 and 0 where there is none. */
  readonly parentHigh: number;
  readonly parentLow: number;
  /** What other tracing systems say of the trace (`tracestate`, section 3.3); passed on as it came. */
  readonly state: string | undefined;
  /** Whose work it is, where that is known. */
  readonly service: string | undefined;

  constructor(
    words: TraceContext["words"],
    flags: number,
    { parent, state, service }: TraceOrigin = {},
  ) {
    this.words = words;
    this.flags = flags;
    this.parentHigh = parent === undefined ? 0 : parent.words[4];
    this.parentLow = parent === undefined ? 0 : parent.words[5];
    this.state = state ?? parent?.state;
    this.service = service ?? parent?.service;
  }

  /** The start of a new trace. @param isSampled decides by the last 32 bits of its id; default: it is. */
  static start(
    random: () => number,
    isSampled?: (lastWord: number) => boolean,
    service?: string,
  ): TraceContext {
    const words: TraceContext["words"] = [
      word(random),
      word(random),
      word(random),
      // A one in the last bit keeps an all-zero identifier, which the specification forbids, from ever coming up.
      word(random) | 1,
      word(random),
      word(random) | 1,
    ];
    const flags = isSampled === undefined || isSampled(words[3]) ? 1 : 0;
    return new TraceContext(words, flags, { service });
  }

  /**
   * Reads a `traceparent` header and the `tracestate` beside it; undefined if the first is not valid, as the specification asks (section
   * 3.2.2). A state that is too long or has other characters than it may is left out (section 3.3.1.5).
   */
  static parse(header: string, state?: string): TraceContext | undefined {
    if (!hasShape(header)) return undefined;
    const words: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0];
    const flags = digitAt(header, 53) * 16 + digitAt(header, 54);
    // Every event and every request from outside has one: the digits are read and checked in one pass.
    let all = digitAt(header, 0) | digitAt(header, 1) | digitAt(header, 53) | digitAt(header, 54);
    for (let index = 0; index < 6; index += 1) {
      const from = (index < 4 ? 3 : 4) + index * 8;
      let word = 0;
      for (let at = from; at < from + 8; at += 1) {
        const digit = digitAt(header, at);
        all |= digit;
        word = (word << 4) | digit;
      }
      words[index] = word;
    }
    if (all < 0) return undefined;
    const [first, second, third, fourth, high, low] = words;
    if ((first | second | third | fourth) === 0 || (high | low) === 0) return undefined;
    const isSound = state !== undefined && isTraceState(state);
    const kept = isSound ? state : undefined;
    return new TraceContext(words, flags, { state: kept });
  }

  /** The next span of the same trace. */
  child(random: () => number, service?: string): TraceContext {
    const [first, second, third, fourth] = this.words;
    return new TraceContext(
      [first, second, third, fourth, word(random), word(random) | 1],
      this.flags,
      { parent: this, service },
    );
  }

  /** Whether the trace is one of those that are kept whole. */
  get isSampled(): boolean {
    return (this.flags & 1) === 1;
  }

  /** 32 lower-case hex digits. */
  get traceId(): string {
    const { words } = this;
    return hex32(words[0]) + hex32(words[1]) + hex32(words[2]) + hex32(words[3]);
  }

  /** 16 lower-case hex digits. */
  get spanId(): string {
    return hex32(this.words[4]) + hex32(this.words[5]);
  }

  /** The value of a `traceparent` header. */
  toString(): string {
    return `00-${this.traceId}-${this.spanId}-${hexOfByte[this.flags & 0xff]}`;
  }
}

/** What may be in a `tracestate`, and no more of it than must be passed on (section 3.3.1.5: 512). */
const statePattern = /^[\x20-\x7e\t]{1,512}$/;

/** Whether a text may travel as `tracestate`. */
export function isTraceState(text: string): boolean {
  return statePattern.test(text);
}

/** `00-<32 digits>-<16 digits>-<2 digits>`; versions to come may add something behind another dash, `ff` is none. */
function hasShape(text: string): boolean {
  if (text.length !== 55 && (text.length < 55 || text[55] !== "-" || text.startsWith("00")))
    return false;
  return text[2] === "-" && text[35] === "-" && text[52] === "-" && !text.startsWith("ff");
}

/** The value of each lower-case hex digit by its character; -1 for anything else. A pattern and `parseInt` take longer. */
const hexValueOf = Int8Array.from({ length: 128 }, (_, code) =>
  "0123456789abcdef".indexOf(String.fromCharCode(code)),
);

function digitAt(text: string, at: number): number {
  return hexValueOf[text.charCodeAt(at)] ?? -1;
}

function word(random: () => number): number {
  return (random() * 0x1_0000_0000) | 0;
}

/** Two digits for each byte: six times as fast as `toString(16)`, which takes numbers above 2^30 for fractions. */
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A 32-bit word as 8 lower-case hex digits. */
export function hex32(value: number): string {
  const digits = (shift: number) => hexOfByte[(value >>> shift) & 0xff] as string;
  return digits(24) + digits(16) + digits(8) + digits(0);
}
