import type { HeaderList } from "../http/index.ts";
import type { AnswerStream, Exchange } from "./exchange.ts";
import { PassedExchange } from "./passed-exchange.ts";

/** An exchange whose answer, whoever gives it, is told of, and has further headers: those that are known when it begins. */
export class HeadedExchange extends PassedExchange {
  /** The path of the route that took it, as `/products/:id`. */
  route: string | undefined;
  /** Of the answer, once it has begun. */
  status: number | undefined;
  readonly #onAnswer: (exchange: HeadedExchange, status: number) => void;
  readonly #added: (readonly [string, string])[] = [];
  #droppedPrefix: string | undefined;

  constructor(inner: Exchange, onAnswer: (exchange: HeadedExchange, status: number) => void) {
    super(inner);
    this.#onAnswer = onAnswer;
  }

  /** From now on the answer has these too. */
  add(headers: HeaderList): void {
    this.#added.push(...headers);
  }

  /** Headers whose names begin so are not sent, unless they are added here. */
  drop(prefix: string): void {
    this.#droppedPrefix = prefix;
  }

  override answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    this.status = status;
    this.#onAnswer(this, status);
    this.inner.answer(status, this.#headersWith(headers), body);
  }

  override stream(...[status, headers, ...rest]: Parameters<Exchange["stream"]>): AnswerStream {
    this.status = status;
    this.#onAnswer(this, status);
    return this.inner.stream(status, this.#headersWith(headers), ...rest);
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
