import type { Buffer } from "node:buffer";
import type { ClientReader } from "../trusted-proxies.ts";
import { type HeadLimits, HeadReader } from "./core/head-reader.ts";
import type { ParsedHead } from "./core/parsed-head.ts";
import { judgeHead } from "./core/request-head.ts";
import { ReceivedHead } from "./received-head.ts";

/** A longer head is read anew each time: a connection that waits should not weigh much more for what it may never be asked again. */
const keptBytesMax = 2 * 1024;

/** A head that is not taken; `head` where it could be read. */
export interface HeadNotTaken {
  readonly status: number;
  readonly detail: string;
  readonly head?: ParsedHead;
}

/**
 * Reads the heads of one connection and finds out what they ask. A client that stays mostly asks for the same again, with the very same bytes:
 * what was found out of them is kept, and comparing them takes a tenth of reading them.
 */
export class RequestReader {
  readonly #reader: HeadReader;
  readonly #clientOf: ClientReader;
  /** Of the last head that came alone. */
  #lastLength = 0;
  #bytes: Buffer | undefined;
  #received: ReceivedHead | undefined;
  #isInUse = false;
  #end = 0;

  constructor(limits: HeadLimits, clientOf: ClientReader) {
    this.#reader = new HeadReader(limits);
    this.#clientOf = clientOf;
  }

  /** Whether no byte of a next head has come. */
  get isEmpty(): boolean {
    return this.#reader.isEmpty;
  }

  /** The index behind the head that was read last. */
  get end(): number {
    return this.#end;
  }

  /** Reads on at `from`; undefined while the head is not complete. */
  read(bytes: Buffer, from: number): ReceivedHead | HeadNotTaken | undefined {
    const isWhole = from === 0 && this.#reader.isEmpty;
    if (isWhole && this.#received && this.#bytes?.equals(bytes)) {
      this.#end = bytes.length;
      this.#isInUse = true;
      this.#received.repeats ??= {};
      return this.#received;
    }
    const end = this.#reader.read(bytes, from);
    if (end < 0) return this.#reader.refusal;
    this.#end = end;
    const received = this.#judge(this.#reader.take());
    const length = isWhole && end === bytes.length ? end : 0;
    // What comes but once is not kept at all: it would have to be collected from among what is old.
    const isKept = length > 0 && length === this.#lastLength && length <= keptBytesMax;
    if (isKept && received instanceof ReceivedHead) this.#keep(bytes, received);
    else this.#keep(undefined, undefined);
    this.#lastLength = length;
    return received;
  }

  /** Time passed. What was not asked again in that time is let go: a connection that only waits should weigh little. */
  charge(): void {
    if (!this.#isInUse) this.#keep(undefined, undefined);
    this.#isInUse = false;
  }

  #keep(bytes: Buffer | undefined, received: ReceivedHead | undefined): void {
    this.#bytes = bytes;
    this.#received = received;
    this.#isInUse = true;
  }

  #judge(head: ParsedHead): ReceivedHead | HeadNotTaken {
    const sound = judgeHead(head);
    if ("status" in sound) return { ...sound, head };
    const client = this.#clientOf((name) => head.header(name));
    if ("refusal" in client) return { status: 400, detail: client.refusal, head };
    return new ReceivedHead(head, sound, client);
  }
}
