import type { Buffer } from "node:buffer";
import type { HeaderList } from "../http/index.ts";

/** An answer as an engine sends it, but for a few bytes that differ from request to request. */
export interface WrittenAnswer {
  readonly bytes: Buffer;
  /** Where the request's id begins. */
  readonly idAt: number;
}

/** An answer that many get as it is: an engine may write it once. */
export class RepeatedAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** Kept for the engine. Undefined while nobody may write into it, as a socket still has it. */
  written: WrittenAnswer | undefined;
  /** What clients are told in its place, where that differs from what is stored. */
  told: RepeatedAnswer | undefined;

  constructor(status: number, headers: HeaderList, body: Uint8Array) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}
