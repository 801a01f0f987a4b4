import type { HeaderList } from "../../http/index.ts";
import type { AnswerStream, Exchange } from "../exchange.ts";
import { PassedExchange } from "../passed-exchange.ts";
import { CompressedStream } from "./compressed-stream.ts";
import type { Compressor } from "./compressor.ts";
import { type Encoding, headersFor, isCompressible } from "./core/choose-encoding.ts";

/** An exchange whose answer is compressed on its way, where that is worth it. All else is the exchange's own. */
export class CompressedExchange extends PassedExchange {
  /** Resolves when the answer has been handed over. */
  sent: Promise<void> = Promise.resolve();
  readonly #compressor: Compressor;
  /** Undefined: the client takes none; but caches must know that others do. */
  readonly #encoding: Encoding | undefined;

  constructor(inner: Exchange, compressor: Compressor, encoding: Encoding | undefined) {
    super(inner);
    this.#compressor = compressor;
    this.#encoding = inner.method === "HEAD" ? undefined : encoding;
  }

  override answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    if (bytes.length < this.#compressor.bytesMin || !isCompressible(status, headers))
      return this.inner.answer(status, headers, body);
    const encoding = this.#encoding;
    const compressed = encoding && this.#compressor.compress(bytes, encoding);
    if (!compressed) return this.inner.answer(status, headersFor(headers, undefined), body);
    this.sent = compressed.then(
      (result) => this.inner.answer(status, headersFor(headers, encoding), result),
      () => this.inner.answer(status, headersFor(headers, undefined), body),
    );
  }

  override stream(status: number, headers: HeaderList, length?: number): AnswerStream {
    const isShort = length !== undefined && length < this.#compressor.bytesMin;
    if (isShort || !isCompressible(status, headers))
      return this.inner.stream(status, headers, length);
    const encoder = this.#encoding && this.#compressor.open(this.#encoding);
    if (!encoder) return this.inner.stream(status, headersFor(headers, undefined), length);
    return new CompressedStream(
      this.inner.stream(status, headersFor(headers, this.#encoding)),
      encoder,
    );
  }
}
