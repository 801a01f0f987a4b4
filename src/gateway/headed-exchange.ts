import type { HeaderList } from "../http/index.ts";
import type { AnswerStream, Exchange } from "./exchange.ts";

/** An exchange whose answer, whoever gives it, has further headers: those that are known when it begins. */
export class HeadedExchange implements Exchange {
  readonly #exchange: Exchange;
  readonly #added: (readonly [string, string])[] = [];

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** From now on the answer has these too. */
  add(headers: HeaderList): void {
    this.#added.push(...headers);
  }

  get requestId() {
    return this.#exchange.requestId;
  }

  get method() {
    return this.#exchange.method;
  }

  get target() {
    return this.#exchange.target;
  }

  get rawTarget() {
    return this.#exchange.rawTarget;
  }

  get host() {
    return this.#exchange.host;
  }

  get headers() {
    return this.#exchange.headers;
  }

  get remoteAddress() {
    return this.#exchange.remoteAddress;
  }

  get scheme() {
    return this.#exchange.scheme;
  }

  get hasBody() {
    return this.#exchange.hasBody;
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name);
  }

  body(): Promise<Uint8Array> {
    return this.#exchange.body();
  }

  bodyChunks(bytesMax?: number): AsyncIterable<Uint8Array> {
    return this.#exchange.bodyChunks(bytesMax);
  }

  onAbort(listener: () => void): void {
    this.#exchange.onAbort(listener);
  }

  answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    this.#exchange.answer(status, [...headers, ...this.#added], body);
  }

  stream(...[status, headers, ...rest]: Parameters<Exchange["stream"]>): AnswerStream {
    return this.#exchange.stream(status, [...headers, ...this.#added], ...rest);
  }
}
