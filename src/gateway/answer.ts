import type { HeaderList } from "../http/index.ts";
import type { Exchange, TakenSocket } from "./exchange.ts";
import { RepeatedAnswer } from "./repeated-answer.ts";

/** No answer came that can be passed on. */
export class NoAnswer extends Error {
  /** Which status the client is told. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A body that comes piece by piece. Whoever has it reads it to its end, or cancels it. */
export interface PiecewiseBody extends AsyncIterable<Uint8Array> {
  /** In bytes, if it is known before it has come. */
  readonly length: number | undefined;
  /** Nobody wants the rest. */
  cancel(): void;
}

/** An answer on its way to a client: from an upstream, from the mesh, or out of the cache. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HeaderList;
  readonly body: Uint8Array | PiecewiseBody;
  /** Of a 101 alone: the connection, which speaks another protocol from now on. Whoever has it closes it. */
  readonly taken?: TakenSocket;
}

/** Whether the body comes piece by piece. */
export function isPiecewise(body: Answer["body"]): body is PiecewiseBody {
  return Symbol.asyncIterator in body && "cancel" in body;
}

/** Sends it. A body that breaks off breaks the client's connection off too: it must never look complete. */
export function sendAnswer(exchange: Exchange, answer: Answer): void | Promise<void> {
  const { status, headers, body } = answer;
  if (answer instanceof RepeatedAnswer) return exchange.answerAgain(answer);
  if (!isPiecewise(body)) return exchange.answer(status, headers, body);
  return sendPieces(exchange, answer, body);
}

async function sendPieces(
  exchange: Exchange,
  { status, headers }: Answer,
  body: PiecewiseBody,
): Promise<void> {
  let isGone = false;
  exchange.onAbort(() => {
    isGone = true;
    body.cancel();
  });
  const stream = exchange.stream(status, headers, body.length);
  try {
    for await (const piece of body) await stream.write(piece);
    stream.end();
  } catch (thrown) {
    const isNews = !isGone;
    stream.abort();
    if (isNews) throw thrown;
  }
}
