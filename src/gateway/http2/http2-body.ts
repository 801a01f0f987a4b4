/** The body of a request over HTTP/2, read by one who wants it. Unread bytes stay in the client, by flow control. */
import { Buffer } from "node:buffer";
import type { ServerHttp2Stream } from "node:http2";
import { BodyRefused } from "../../http/index.ts";
import type { ConnectionLimits } from "../connection-limits.ts";
import { ClientGone } from "../exchange.ts";
import { Patience } from "../http1/index.ts";

export class Http2Body {
  readonly #stream: ServerHttp2Stream;
  readonly #length: number | "chunked";
  readonly #limits: ConnectionLimits;
  readonly #patience = new Patience();
  #isTaken = false;
  #isWaiting = false;
  #failure: BodyRefused | undefined;

  constructor(stream: ServerHttp2Stream, length: number | "chunked", limits: ConnectionLimits) {
    this.#stream = stream;
    this.#length = length;
    this.#limits = limits;
  }

  /** Time passed: a client that is waited for for too long is refused. */
  charge(ms: number): void {
    if (!this.#isWaiting || !this.#patience.charge(ms)) return;
    this.#failure = new BodyRefused(408, "the body took too long");
    // Ends the wait: nothing more of it is read.
    this.#stream.push(null);
  }

  async whole(bytesMax: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.pieces(bytesMax)) pieces.push(piece);
    return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
  }

  async *pieces(bytesMax: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isTaken) throw new Error("the body of a request is read once");
    this.#isTaken = true;
    const tooLarge = () => new BodyRefused(413, `the body is larger than ${bytesMax} bytes`);
    if (this.#length !== "chunked" && this.#length > bytesMax) throw tooLarge();
    this.#patience.begin(this.#limits.pauseMsMax);
    let size = 0;
    const pieces = this.#stream.iterator({ destroyOnReturn: false });
    try {
      for (;;) {
        const next = await this.#next(pieces);
        if (next.done) break;
        size += next.value.length;
        this.#patience.earn((next.value.length * 1_000) / this.#limits.bytesPerSecondMin);
        if (size > bytesMax) throw tooLarge();
        yield next.value;
      }
    } finally {
      await pieces.return?.();
    }
    if (this.#failure) throw this.#failure;
    // A stream that is reset ends its reader like one that is complete.
    if (this.#stream.aborted || (this.#length !== "chunked" && size !== this.#length))
      throw new ClientGone();
  }

  async #next(pieces: NodeJS.AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
    this.#isWaiting = true;
    try {
      return await pieces.next();
    } catch {
      throw this.#failure ?? new ClientGone();
    } finally {
      this.#isWaiting = false;
    }
  }
}
