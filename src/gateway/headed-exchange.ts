import type { HeaderList } from "../http/index.ts";
import type { AnswerStream, Exchange } from "./exchange.ts";

/** An exchange whose answer, whoever gives it, has further headers: those that are known when the answer begins. */
export class HeadedExchange implements Exchange {
  readonly #exchange: Exchange;
  readonly #added: (readonly [string, string])[] = [];
  #droppedPrefix: string | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** From now on the answer has these too. */
  add(headers: HeaderList): void {
    this.#added.push(...headers);
  }

  /** Headers whose names begin so are not sent, unless they are added here. */
  drop(prefix: string): void {
    this.#droppedPrefix = prefix;
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
    this.#exchange.answer(status, this.#headersWith(headers), body);
  }

  stream(...[status, headers, ...rest]: Parameters<Exchange["stream"]>): AnswerStream {
    return this.#exchange.stream(status, this.#headersWith(headers), ...rest);
  }

  #headersWith(headers: HeaderList): HeaderList {
    const prefix = this.#droppedPrefix;
    const kept =
      prefix === undefined
        ? headers
        : headers.filter(([name]) => !name.toLowerCase().startsWith(prefix));
    return this.#added.length === 0 ? kept : [...kept, ...this.#added];
  }
}
