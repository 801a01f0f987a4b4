import { Buffer } from "node:buffer";
import type { Answer, PiecewiseBody } from "../answer.ts";
import { isPiecewise } from "../answer.ts";

/** The whole body if it has at most `bytesMax`; otherwise the same body, of which nothing is lost. */
export async function collectBody(
  body: Answer["body"],
  bytesMax: number,
): Promise<Uint8Array | PiecewiseBody> {
  if (!isPiecewise(body)) return body;
  if (body.length !== undefined && body.length > bytesMax) return body;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const iterator = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await iterator.next();
    if (next.done) return Buffer.concat(pieces, bytes);
    pieces.push(next.value);
    bytes += next.value.length;
    if (bytes > bytesMax) return new BegunBody(body, pieces, iterator);
  }
}

/** A body of which some has been read. */
class BegunBody implements PiecewiseBody {
  readonly length: number | undefined;
  readonly #body: PiecewiseBody;
  readonly #read: readonly Uint8Array[];
  readonly #rest: AsyncIterator<Uint8Array>;

  constructor(body: PiecewiseBody, read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>) {
    this.length = body.length;
    this.#body = body;
    this.#read = read;
    this.#rest = rest;
  }

  cancel(): void {
    this.#body.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#read;
      for (;;) {
        const next = await this.#rest.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      this.cancel();
    }
  }
}
