/**
 * A stream of the mesh as an answer over HTTP, at the pace of its reader: server-sent events where the client asks for them (WHATWG
 * HTML, section 9.2), newline-delimited JSON otherwise.
 *
 * What fails before the first item is answered as any call's failure is. After that the status is out: server-sent events say `event: error`
 * with a problem document; in lines of JSON nothing could tell it from an item, so the connection is broken off. A stream that is
 * complete ends with `event: end`, so that a browser's EventSource can tell it from a lost connection and not come back for more.
 */
import { Buffer } from "node:buffer";
import type { Problem } from "../http/index.ts";
import { every } from "../kit/index.ts";
import type { MessageStream } from "../mesh/index.ts";
import { type CallFailure, StreamFailure } from "../wire/index.ts";
import type { Exchange } from "./exchange.ts";

/** A silent stream says this often that it is still there, in ms: below the idle times of proxies (nginx: 60 s). */
const keepAliveMs = 15_000;

/** How a failure is told. */
export interface FailureTeller {
  problemOf(failure: CallFailure): Problem;
  /** Before anything was sent. */
  onFailure(failure: CallFailure): void;
}

/** Passes the stream on; resolves when it is over, whichever way. */
export async function answerStream(
  exchange: Exchange,
  messages: MessageStream,
  status: number,
  teller: FailureTeller,
): Promise<void> {
  exchange.onAbort(() => messages.cancel());
  const iterator = messages[Symbol.asyncIterator]();
  let item: IteratorResult<Uint8Array>;
  try {
    item = await iterator.next();
  } catch (thrown) {
    return teller.onFailure(failureIn(thrown));
  }
  const isEvents = prefersEvents(exchange.header("accept"));
  const framing = isEvents ? serverSentEvents : lines;
  const answer = exchange.stream(status, [
    ["content-type", framing.type],
    ["cache-control", "no-store"],
    ["x-accel-buffering", "no"],
  ]);
  const beat = framing.beat;
  const heart =
    beat === undefined
      ? undefined
      : every(keepAliveMs, () => void answer.write(beat)?.catch(() => undefined));
  try {
    while (!item.done) {
      await answer.write(framing.item(item.value));
      item = await iterator.next();
    }
    if (framing.end) await answer.write(framing.end);
    answer.end();
  } catch (thrown) {
    if (!framing.error) return answer.abort();
    await answer.write(framing.error(teller.problemOf(failureIn(thrown))));
    answer.end();
  } finally {
    heart?.cancel();
  }
}

function failureIn(thrown: unknown): CallFailure {
  if (thrown instanceof StreamFailure) return thrown.failure;
  throw thrown;
}

/** Whether `text/event-stream` is named at least as warmly as anything else that would do. */
function prefersEvents(accept: string | undefined): boolean {
  return (
    accept !== undefined &&
    /(^|,)\s*text\/event-stream\s*(;(?!\s*q=0(\.0*)?\s*(,|$))|,|$)/i.test(accept)
  );
}

interface Framing {
  readonly type: string;
  item(message: Uint8Array): Uint8Array;
  readonly beat?: Uint8Array;
  readonly end?: Uint8Array;
  readonly error?: (problem: Problem) => Uint8Array;
}

const dataStart = Buffer.from("data: ");
const dataEnd = Buffer.from("\n\n");
const lineEnd = Buffer.from("\n");

const serverSentEvents: Framing = {
  type: "text/event-stream",
  item: (message) => Buffer.concat([dataStart, onOneLine(message), dataEnd]),
  beat: Buffer.from(":\n\n"),
  end: Buffer.from("event: end\ndata:\n\n"),
  error: (problem) => Buffer.from(`event: error\ndata: ${JSON.stringify(problem)}\n\n`),
};

const lines: Framing = {
  type: "application/x-ndjson",
  item: (message) => Buffer.concat([onOneLine(message), lineEnd]),
};

/** JSON as our serialisers write it has no line breaks; other implementations of the wire may write it otherwise. */
function onOneLine(json: Uint8Array): Uint8Array {
  const text = Buffer.from(json.buffer, json.byteOffset, json.length);
  if (!text.includes("\n") && !text.includes("\r")) return json;
  return Buffer.from(JSON.stringify(JSON.parse(text.toString())));
}
