import type { HeaderList } from "../http/index.ts";
import type { AnswerStream, Exchange } from "./exchange.ts";
import type { RepeatedAnswer } from "./repeated-answer.ts";

/** An exchange as another one has it: for those who change a part of it. */
export abstract class PassedExchange implements Exchange {
  protected readonly inner: Exchange;

  constructor(inner: Exchange) {
    this.inner = inner;
  }

  get requestId() {
    return this.inner.requestId;
  }

  get method() {
    return this.inner.method;
  }

  get target() {
    return this.inner.target;
  }

  get rawTarget() {
    return this.inner.rawTarget;
  }

  get host() {
    return this.inner.host;
  }

  get headers() {
    return this.inner.headers;
  }

  get remoteAddress() {
    return this.inner.remoteAddress;
  }

  get scheme() {
    return this.inner.scheme;
  }

  get hasBody() {
    return this.inner.hasBody;
  }

  get repeats() {
    return this.inner.repeats;
  }

  header(name: string): string | undefined {
    return this.inner.header(name);
  }

  body(): Promise<Uint8Array> {
    return this.inner.body();
  }

  bodyChunks(bytesMax?: number): AsyncIterable<Uint8Array> {
    return this.inner.bodyChunks(bytesMax);
  }

  onAbort(listener: () => void): void {
    this.inner.onAbort(listener);
  }

  answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    this.inner.answer(status, headers, body);
  }

  /** As any other answer: whoever changes those changes this one too. */
  answerAgain({ status, headers, body }: RepeatedAnswer): void {
    this.answer(status, headers, body);
  }

  stream(...begin: Parameters<Exchange["stream"]>): AnswerStream {
    return this.inner.stream(...begin);
  }

  takeOver(onDrain: () => void): ReturnType<Exchange["takeOver"]> {
    return this.inner.takeOver(onDrain);
  }
}
