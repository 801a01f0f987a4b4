import { Buffer } from "node:buffer";
import { BodyRefused } from "./body-refused.ts";

const newline = 0x0a;
const carriageReturn = 0x0d;

/** The lines of a body in newline-delimited JSON, as they come; empty ones are left out. Read them once. */
export class JsonLines implements AsyncIterable<Uint8Array> {
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #lineBytesMax: number;
  #failure: unknown;

  constructor(chunks: AsyncIterable<Uint8Array>, lineBytesMax: number) {
    this.#chunks = chunks;
    this.#lineBytesMax = lineBytesMax;
  }

  /** What reading them threw: {@link BodyRefused} for a line, or that the client is gone. The call's own outcome says less. */
  get failure(): unknown {
    return this.#failure;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* linesOf(this.#chunks, this.#lineBytesMax);
    } catch (thrown) {
      this.#failure = thrown;
      throw thrown;
    }
  }
}

async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  const take = (piece: Uint8Array) => {
    size += piece.length;
    if (size > lineBytesMax)
      throw new BodyRefused(413, `a line of the body is larger than ${lineBytesMax} bytes`);
    pieces.push(piece);
  };
  const line = () => {
    const whole = Buffer.concat(pieces);
    pieces = [];
    size = 0;
    return whole.at(-1) === carriageReturn ? whole.subarray(0, -1) : whole;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end === -1) break;
      take(chunk.subarray(start, end));
      start = end + 1;
      const whole = line();
      if (whole.length > 0) yield whole;
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  const last = line();
  if (last.length > 0) yield last;
}
