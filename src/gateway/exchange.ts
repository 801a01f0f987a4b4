import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { HeaderList, Target } from "../http/index.ts";
import type { RepeatedAnswer } from "./repeated-answer.ts";
import type { RepeatNotes } from "./repeated-hits.ts";

/** One HTTP request, read once; routing, authentication and the call share it. Engines make it. */
export interface Exchange {
  readonly requestId: string;
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  readonly target: Target;
  /** Path and query as sent. Whoever acts on a request uses `target`. */
  readonly rawTarget: string;
  /** Host header, checked. */
  readonly host: string;
  /** Names in lower case; repeated ones in order. */
  readonly headers: HeaderList;
  header(name: string): string | undefined;
  /** The client's address: the connection's, or what trusted proxies say. */
  readonly remoteAddress: string;
  /** How the client reached the edge: its connection, or what trusted proxies say. */
  readonly scheme: "http" | "https";
  /** Whether a body was announced. */
  readonly hasBody: boolean;
  /** Of a request that came on its connection before, byte for byte: the same for each of them. */
  readonly repeats: RepeatNotes | undefined;
  /**
   * The whole body. Rejects with {@link BodyRefused} if it is larger than the engine's limit, malformed or too slow: let that
   * through, the engine answers it. A body is read once, by this or by `bodyChunks`, and before the answer is complete.
   */
  body(): Promise<Uint8Array>;
  /**
   * The body as it comes; the client is held back while nobody takes it. Throws what `body` rejects with.
   * `bytesMax`: another limit than the engine's, which is for bodies that are kept whole.
   */
  bodyChunks(bytesMax?: number): AsyncIterable<Uint8Array>;
  /** Calls `listener` if the client goes before the answer is sent. */
  onAbort(listener: () => void): void;
  /** Sends the answer; this, `answerAgain` or `stream`, once. */
  answer(status: number, headers: HeaderList, body: Uint8Array | string): void;
  /** Sends an answer that others get too, in the place of `answer`. */
  answerAgain(answer: RepeatedAnswer): void;
  /** Begins an answer whose body comes piece by piece; `length` bytes in all, if that is known. */
  stream(status: number, headers: HeaderList, length?: number): AnswerStream;
  /**
   * Gives the connection away, to speak something else on it; in place of an answer. Undefined where it is not this request's alone, or gone.
   * `onDrain` is called when the gateway closes.
   */
  takeOver(onDrain: () => void): TakenSocket | undefined;
}

/** A connection that speaks HTTP no more. */
export interface TakenSocket {
  readonly socket: Socket;
  /** What came behind the request. */
  readonly rest: Buffer;
}

/** The body of an answer, piece by piece. */
export interface AnswerStream {
  /**
   * Sends a piece. Undefined while there is room; otherwise a promise that resolves when there is room again, and rejects with
   * {@link ClientGone} when there never will be.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** The body is complete. */
  end(): void;
  /** Breaks the connection, so that the client knows that the body is not complete. */
  abort(): void;
}

/** What an engine calls for each request that is sound. Nothing to wait for where it was answered at once; what is thrown, the engine answers. */
export type OnExchange = (exchange: Exchange) => void | Promise<void>;

/** The client went away. */
export class ClientGone extends Error {}
