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
    const match = pattern.exec(header);
    if (!match) return undefined;
    const [, version, traceId = "", spanId = "", flags = "00", rest] = match;
    if (version === "ff" || (version === "00" && rest)) return undefined;
    if (traceId === zeroTraceId || spanId === zeroSpanId) return undefined;
    const digits = traceId + spanId;
    const at = (index: number) => Number.parseInt(digits.slice(index * 8, index * 8 + 8), 16) | 0;
    const words: TraceContext["words"] = [at(0), at(1), at(2), at(3), at(4), at(5)];
    const isSound = state !== undefined && isTraceState(state);
    const kept = isSound ? state : undefined;
    return new TraceContext(words, Number.parseInt(flags, 16), { state: kept });
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
    return `00-${this.traceId}-${this.spanId}-${this.flags.toString(16).padStart(2, "0")}`;
  }
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** What may be in a `tracestate`, and no more of it than must be passed on (section 3.3.1.5: 512). */
const statePattern = /^[\x20-\x7e\t]{1,512}$/;
const zeroTraceId = "0".repeat(32);
const zeroSpanId = "0".repeat(16);

/** Whether a text may travel as `tracestate`. */
export function isTraceState(text: string): boolean {
  return statePattern.test(text);
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
