import { promisify } from "node:util";
import {
  type BrotliCompress,
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  type Gzip,
  gzip,
} from "node:zlib";
import type { Exchange } from "../exchange.ts";
import { CompressedExchange } from "./compressed-exchange.ts";
import { chooseEncoding, type Encoding } from "./core/choose-encoding.ts";

/** How answers are compressed. */
export interface CompressionOptions {
  /** Smaller bodies stay as they are, in bytes: a packet is sent anyway. Default 1,024. */
  readonly bytesMin?: number | undefined;
}

/** Compresses what is written to it. */
export type Encoder = BrotliCompress | Gzip;

const bytesMinDefault = 1_024;
/** Answers in compression at a time; further ones go out as they are. Each stream of brotli holds about 1 MiB at this window. */
const jobsMax = 64;
/** As tight as gzip's default and quicker; higher ones are for files that are compressed once. */
const brotli = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: 18,
  },
};
const brotliWhole = promisify(brotliCompress);
const gzipWhole = promisify(gzip);

/** Compresses the answers of one gateway, on Node's pool of threads. */
export class Compressor {
  readonly bytesMin: number;
  #jobs = 0;

  constructor({ bytesMin = bytesMinDefault }: CompressionOptions) {
    this.bytesMin = bytesMin;
  }

  /** The exchange to answer with in its place. */
  wrap(exchange: Exchange): CompressedExchange {
    return new CompressedExchange(
      exchange,
      this,
      chooseEncoding(exchange.header("accept-encoding")),
    );
  }

  /** A whole body; undefined if there is too much to do. */
  compress(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> | undefined {
    if (this.#jobs >= jobsMax) return undefined;
    this.#jobs += 1;
    const job = encoding === "br" ? brotliWhole(bytes, brotli) : gzipWhole(bytes);
    return job.finally(() => {
      this.#jobs -= 1;
    });
  }

  /** For a body that comes piece by piece; undefined if there is too much to do. */
  open(encoding: Encoding): Encoder | undefined {
    if (this.#jobs >= jobsMax) return undefined;
    this.#jobs += 1;
    const encoder = encoding === "br" ? createBrotliCompress(brotli) : createGzip();
    encoder.once("close", () => {
      this.#jobs -= 1;
    });
    return encoder;
  }
}
