import type { HeaderList } from "../http/index.ts";
import { now } from "../kit/index.ts";
import type { AnswerStream, Exchange, TakenSocket } from "./exchange.ts";
import { PassedExchange } from "./passed-exchange.ts";
import type { RepeatedAnswer } from "./repeated-answer.ts";

/** Is told of each answer when it begins. */
export interface AnswerListener {
  onAnswer(exchange: HeadedExchange, status: number): void;
}

/** An exchange whose answer, whoever gives it, is told of, and has further headers: those that are known when it begins. */
export class HeadedExchange extends PassedExchange {
  /** The path of the route that took it, as `/products/:id`. */
  route: string | undefined;
  /** Whether anybody would be let through with the same request: nobody had to be known, or was counted. */
  isForAnyone = false;
  /** Of the answer, once it has begun. */
  status: number | undefined;
  /** When the request had come, on the clock of `now()`. */
  readonly startedAt = now();
  readonly #listener: AnswerListener;
  #added: HeaderList = [];
  #droppedPrefix: string | undefined;

  constructor(inner: Exchange, listener: AnswerListener) {
    super(inner);
    this.#listener = listener;
  }

  /** Whether the answer is sent as it is given. */
  get isBare(): boolean {
    return this.#added.length === 0 && this.#droppedPrefix === undefined;
  }

  /** From now on the answer has these too. */
  add(headers: HeaderList): void {
    if (headers.length > 0) this.#added = [...this.#added, ...headers];
  }

  /** Headers whose names begin so are not sent, unless they are added here. */
  drop(prefix: string): void {
    this.#droppedPrefix = prefix;
  }

  override answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    this.status = status;
    this.#listener.onAnswer(this, status);
    this.inner.answer(status, this.#headersWith(headers), body);
  }

  override answerAgain(answer: RepeatedAnswer): void {
    if (!this.isBare) return super.answerAgain(answer);
    this.status = answer.status;
    this.#listener.onAnswer(this, answer.status);
    this.inner.answerAgain(answer);
  }

  override stream(...[status, headers, ...rest]: Parameters<Exchange["stream"]>): AnswerStream {
    this.status = status;
    this.#listener.onAnswer(this, status);
    return this.inner.stream(status, this.#headersWith(headers), ...rest);
  }

  /** Speaks WebSocket from now on, in place of an answer: see {@link Exchange.takeOver}. */
  switchProtocols(headers: HeaderList, onDrain: () => void): TakenSocket | undefined {
    const taken = this.inner.takeOver(onDrain);
    if (!taken) return undefined;
    this.#listener.onAnswer(this, 101);
    const all: HeaderList = [
      ...([["connection", "Upgrade"] as const, ["upgrade", "websocket"]] as const),
      ...this.#headersWith(headers.filter(([name]) => name !== "x-request-id")),
      ["x-request-id", this.requestId],
    ];
    const fields = all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    taken.socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`, "latin1");
    return taken;
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
