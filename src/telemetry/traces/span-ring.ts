import { hex32, type TraceContext } from "../trace-context.ts";
import type { SpanKind, SpanRecord } from "./span-record.ts";

/** What a span is called: text, or an operation, of which the text is made when somebody reads it. */
export type SpanName = string | { readonly service: string; readonly operation: string };

/** A span that is over. */
export interface FinishedSpan {
  readonly trace: TraceContext;
  readonly kind: SpanKind;
  readonly name: SpanName;
  /** On the clock of `now()`. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** The code it ended with; undefined if it went well. */
  readonly error: string | undefined;
  readonly peer: string | undefined;
  readonly attributes?: SpanRecord["attributes"];
}

const idWords = 8;

/**
 * The last spans of a node, the oldest overwritten by the newest. Every call writes into it, so that numbers lie in typed arrays and
 * a span makes no garbage: about 0.1 us each (`npm run bench -- costs`).
 */
export class SpanRing {
  readonly #size: number;
  readonly #ids: Int32Array;
  readonly #flags: Uint8Array;
  readonly #times: Float64Array;
  readonly #kinds: SpanKind[];
  readonly #names: SpanName[];
  readonly #services: (string | undefined)[];
  readonly #errors: (string | undefined)[];
  readonly #peers: (string | undefined)[];
  readonly #attributes: SpanRecord["attributes"][];
  #written = 0;

  /** @param size spans that are held. */
  constructor(size: number) {
    this.#size = size;
    this.#ids = new Int32Array(size * idWords);
    this.#flags = new Uint8Array(size);
    this.#times = new Float64Array(size * 2);
    this.#kinds = new Array(size).fill("server");
    this.#names = new Array(size).fill("");
    this.#services = new Array(size).fill(undefined);
    this.#errors = new Array(size).fill(undefined);
    this.#peers = new Array(size).fill(undefined);
    this.#attributes = new Array(size).fill(undefined);
  }

  /** How many were ever written; the last one has this number, the first one 1. */
  get written(): number {
    return this.#written;
  }

  /** The number of the oldest one that is held. */
  get oldest(): number {
    return Math.max(1, this.#written - this.#size + 1);
  }

  add(span: FinishedSpan): void {
    const { trace } = span;
    const { words } = trace;
    const at = this.#written % this.#size;
    const id = at * idWords;
    const ids = this.#ids;
    ids[id] = words[0];
    ids[id + 1] = words[1];
    ids[id + 2] = words[2];
    ids[id + 3] = words[3];
    ids[id + 4] = words[4];
    ids[id + 5] = words[5];
    ids[id + 6] = trace.parentHigh;
    ids[id + 7] = trace.parentLow;
    this.#flags[at] = trace.flags;
    this.#times[at * 2] = span.startedAt;
    this.#times[at * 2 + 1] = span.durationMs;
    this.#kinds[at] = span.kind;
    this.#names[at] = span.name;
    this.#services[at] = trace.service;
    this.#errors[at] = span.error;
    this.#peers[at] = span.peer;
    this.#attributes[at] = span.attributes;
    this.#written += 1;
  }

  /** One span; undefined if it is no longer held, or not yet there. */
  read(
    number: number,
    node: { id: string; name: string },
    offsetMs: number,
  ): SpanRecord | undefined {
    if (number < this.oldest || number > this.#written) return undefined;
    const at = (number - 1) % this.#size;
    const id = at * idWords;
    const word = (index: number) => this.#ids[id + index] as number;
    const hasParent = word(6) !== 0 || word(7) !== 0;
    const name = this.#names[at] as SpanName;
    const error = this.#errors[at];
    const peer = this.#peers[at];
    const attributes = this.#attributes[at];
    return {
      traceId: hex32(word(0)) + hex32(word(1)) + hex32(word(2)) + hex32(word(3)),
      spanId: hex32(word(4)) + hex32(word(5)),
      ...(hasParent ? { parentId: hex32(word(6)) + hex32(word(7)) } : {}),
      name: typeof name === "string" ? name : `${name.service}.${name.operation}`,
      kind: this.#kinds[at] as SpanKind,
      service: this.#services[at] ?? node.name,
      node: node.id,
      startMs: (this.#times[at * 2] as number) + offsetMs,
      durationMs: this.#times[at * 2 + 1] as number,
      isSampled: ((this.#flags[at] as number) & 1) === 1,
      status: error === undefined ? "ok" : "error",
      ...(error === undefined ? {} : { error }),
      ...(peer === undefined ? {} : { peer }),
      ...(attributes === undefined ? {} : { attributes }),
    };
  }

  /** The numbers of all spans of these traces that are held. @param traces by the four words of each id. */
  find(traces: readonly (readonly number[])[]): number[] {
    const found: number[] = [];
    const lasts = new Set(traces.map((words) => words[3]));
    for (let number = this.oldest; number <= this.#written; number += 1) {
      const id = ((number - 1) % this.#size) * idWords;
      if (!lasts.has(this.#ids[id + 3] as number)) continue;
      const isOne = (words: readonly number[]) =>
        words.every((word, index) => this.#ids[id + index] === word);
      if (traces.some(isOne)) found.push(number);
    }
    return found;
  }
}
