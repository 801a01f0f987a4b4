import type { Target } from "./core/target.ts";

/** One HTTP request, read once; routing, authentication and the call share it. Engines make it. */
export interface Exchange {
  readonly requestId: string;
  /** Upper case. */
  readonly method: string;
  readonly target: Target;
  /** The target as sent, for `raw` operations. */
  readonly rawTarget: string;
  /** Host header, checked. */
  readonly host: string;
  /** Names in lower case; repeated ones in order. */
  readonly headers: readonly (readonly [string, string])[];
  header(name: string): string | undefined;
  /** The client's address. */
  readonly remoteAddress: string;
  /** The whole body; undefined if it is larger than the limit (the engine then answers 413). */
  body(): Promise<Uint8Array>;
  /** Whether a body was announced. */
  readonly hasBody: boolean;
  /** Calls `listener` if the client goes before the answer. */
  onAbort(listener: () => void): void;
  /** Sends the answer; called once. */
  answer(
    status: number,
    headers: readonly (readonly [string, string])[],
    body: Uint8Array | string,
  ): void;
}

/** What an engine calls for each request that is sound. */
export type OnExchange = (exchange: Exchange) => Promise<void>;

/** Thrown by {@link Exchange.body}. */
export class BodyTooLarge extends Error {}

/** The client went away while it was sending. */
export class ClientGone extends Error {}
