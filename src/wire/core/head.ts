import type { Buffer } from "node:buffer";
import { isTraceState, TraceContext } from "../../telemetry/index.ts";
import type { RequestHead, Response, WireFailure } from "../types.ts";
import { FieldReader } from "./fields.ts";
import { fieldTag } from "./frame.ts";
import { FrameError, type FrameView } from "./frame-reader.ts";
import { type FrameWriter, traceBytes } from "./frame-writer.ts";

/** What the fields of a REQUEST say. */
export interface DecodedRequest {
  readonly operationNumber: number;
  readonly head: RequestHead;
  /** Size of the whole body, where it comes in several frames. */
  readonly totalBytes: number | undefined;
  /** Whether messages follow the body. */
  readonly hasInputStream: boolean;
  /** The sender's clock when it was written, in ms modulo 2^32. */
  readonly sentAt: number | undefined;
}

/** Writes the fields of a REQUEST; absent ones cost nothing. */
export function writeRequestHead(
  writer: FrameWriter,
  { operationNumber, sentAt }: { readonly operationNumber: number; readonly sentAt: number },
  head: RequestHead,
): void {
  writer.u32(fieldTag.OPERATION_NUMBER, operationNumber);
  writer.u32(fieldTag.SENT_AT, Math.floor(sentAt));
  // Rounded up: a callee must not give up before its caller does.
  // Up, or a last part of a millisecond would be no time at all; but what differs by rounding errors only is no more time.
  writer.u32(fieldTag.DEADLINE_MS, Math.min(0xffff_ffff, Math.ceil(head.deadlineMs - 0.001)));
  if (head.trace !== undefined) {
    writer.trace(fieldTag.TRACE, head.trace);
    if (head.trace.state !== undefined) writer.text(fieldTag.TRACE_STATE, head.trace.state);
  }
  if (head.params !== undefined) writer.text(fieldTag.PARAMS, head.params);
  if (head.principal !== undefined) writer.text(fieldTag.PRINCIPAL, head.principal);
  if (head.idempotencyKey !== undefined) writer.text(fieldTag.IDEMPOTENCY_KEY, head.idempotencyKey);
  if (head.priority !== undefined) writer.u32(fieldTag.PRIORITY, head.priority);
  if (head.attempt) writer.u32(fieldTag.ATTEMPT, head.attempt);
  if (head.retriesLeft !== undefined) writer.u32(fieldTag.RETRIES_LEFT, head.retriesLeft);
  if (head.routingKey !== undefined) writer.text(fieldTag.ROUTING_KEY, head.routingKey);
  if (head.baggage !== undefined) writer.text(fieldTag.BAGGAGE, head.baggage);
  if (head.http !== undefined) writer.text(fieldTag.HTTP, head.http);
}

/** Reads the fields of a REQUEST. Throws {@link FrameError} where a required one is missing. */
export function readRequestHead(frame: FrameView): DecodedRequest {
  let operationNumber: number | undefined;
  let totalBytes: number | undefined;
  let hasInputStream = false;
  let sentAt: number | undefined;
  const head = emptyHead();
  const fields = new FieldReader(frame);
  while (fields.next()) {
    switch (fields.tag) {
      case fieldTag.OPERATION_NUMBER:
        operationNumber = fields.u32();
        break;
      case fieldTag.DEADLINE_MS:
        head.deadlineMs = fields.u32();
        break;
      case fieldTag.TRACE:
        head.trace = readTrace(fields);
        break;
      case fieldTag.TRACE_STATE:
        head.trace &&= withState(head.trace, fields.text());
        break;
      case fieldTag.PARAMS:
        head.params = fields.text();
        break;
      case fieldTag.PRINCIPAL:
        head.principal = fields.text();
        break;
      case fieldTag.IDEMPOTENCY_KEY:
        head.idempotencyKey = fields.text();
        break;
      case fieldTag.PRIORITY:
        head.priority = fields.u32();
        break;
      case fieldTag.ATTEMPT:
        head.attempt = fields.u32();
        break;
      case fieldTag.RETRIES_LEFT:
        head.retriesLeft = fields.u32();
        break;
      case fieldTag.ROUTING_KEY:
        head.routingKey = fields.text();
        break;
      case fieldTag.BAGGAGE:
        head.baggage = fields.text();
        break;
      case fieldTag.HTTP:
        head.http = fields.text();
        break;
      case fieldTag.TOTAL_BYTES:
        totalBytes = fields.u32();
        break;
      case fieldTag.INPUT_STREAM:
        hasInputStream = fields.u32() === 1;
        break;
      case fieldTag.SENT_AT:
        sentAt = fields.u32();
        break;
    }
  }
  if (operationNumber === undefined) throw new FrameError("a REQUEST without an operation number");
  if (head.deadlineMs < 0) throw new FrameError("a REQUEST without a deadline");
  return { operationNumber, head, totalBytes, hasInputStream, sentAt };
}

/** With every property there, so that all heads have one shape. */
function emptyHead() {
  return {
    deadlineMs: -1,
    trace: undefined as TraceContext | undefined,
    params: undefined as string | undefined,
    principal: undefined as string | undefined,
    idempotencyKey: undefined as string | undefined,
    priority: undefined as number | undefined,
    attempt: undefined as number | undefined,
    retriesLeft: undefined as number | undefined,
    routingKey: undefined as string | undefined,
    baggage: undefined as string | undefined,
    http: undefined as string | undefined,
  };
}

/** Writes the fields of a RESPONSE. */
export function writeResponseHead(writer: FrameWriter, extra: ResponseExtra): void {
  if (extra.status !== undefined) writer.u32(fieldTag.STATUS, extra.status);
  if (extra.headers !== undefined) writer.text(fieldTag.HEADERS, extra.headers);
  if (extra.load !== undefined) writer.u32(fieldTag.LOAD, extra.load);
  if (extra.loopDelayMs) writer.u32(fieldTag.LOOP_DELAY_MS, extra.loopDelayMs);
}

/** What a callee may say beside the body of its answer. */
export type ResponseExtra = Omit<Response, "body">;

/** An answer, whole or as it begins. */
export interface DecodedResponse extends Response {
  readonly body: Buffer;
  readonly totalBytes: number | undefined;
}

/** Reads a RESPONSE; its body lies in the frame's buffer. */
export function readResponse(frame: FrameView): DecodedResponse {
  const head = {
    body: frame.buffer.subarray(frame.bodyStart, frame.bodyEnd),
    status: undefined as number | undefined,
    headers: undefined as string | undefined,
    load: undefined as number | undefined,
    loopDelayMs: undefined as number | undefined,
    totalBytes: undefined as number | undefined,
  };
  if (frame.fieldsStart === frame.bodyStart) return head;
  const fields = new FieldReader(frame);
  while (fields.next()) {
    if (fields.tag === fieldTag.STATUS) head.status = fields.u32();
    else if (fields.tag === fieldTag.HEADERS) head.headers = fields.text();
    else if (fields.tag === fieldTag.LOAD) head.load = fields.u32();
    else if (fields.tag === fieldTag.LOOP_DELAY_MS) head.loopDelayMs = fields.u32();
    else if (fields.tag === fieldTag.TOTAL_BYTES) head.totalBytes = fields.u32();
  }
  return head;
}

/** The longest error message and data that cross the wire, in UTF-16 units; what is longer is cut or left out. */
const failureTextMax = 16_000;

/** Writes the fields of an ERROR. */
export function writeFailure(writer: FrameWriter, failure: WireFailure): void {
  writer.text(fieldTag.CODE, failure.code.slice(0, 200));
  writer.text(fieldTag.MESSAGE, failure.message.slice(0, failureTextMax));
  if (failure.data !== undefined && failure.data.length <= failureTextMax) {
    writer.text(fieldTag.DATA, failure.data);
  }
  if (failure.isDeclared) writer.u32(fieldTag.DECLARED, 1);
  writer.u32(fieldTag.STARTED, failure.isStarted ? 1 : 0);
  if (failure.isExhausted) writer.u32(fieldTag.EXHAUSTED, 1);
}

/** Reads the fields of an ERROR. */
export function readFailure(frame: FrameView): WireFailure {
  const failure = {
    code: "UNKNOWN",
    message: "",
    data: undefined as string | undefined,
    isDeclared: false,
    isStarted: true,
    isExhausted: false,
  };
  const fields = new FieldReader(frame);
  while (fields.next()) {
    if (fields.tag === fieldTag.CODE) failure.code = fields.text();
    else if (fields.tag === fieldTag.MESSAGE) failure.message = fields.text();
    else if (fields.tag === fieldTag.DATA) failure.data = fields.text();
    else if (fields.tag === fieldTag.DECLARED) failure.isDeclared = fields.u32() === 1;
    else if (fields.tag === fieldTag.STARTED) failure.isStarted = fields.u32() === 1;
    else if (fields.tag === fieldTag.EXHAUSTED) failure.isExhausted = fields.u32() === 1;
  }
  return failure;
}

/** A peer may say what it likes; what could not be a header is left out. */
function withState(trace: TraceContext, state: string): TraceContext {
  if (!isTraceState(state)) return trace;
  return new TraceContext(trace.words, trace.flags, { state });
}

/** 25 bytes: trace id, span id, flags. */
function readTrace(fields: FieldReader): TraceContext {
  if (fields.size !== traceBytes)
    throw new FrameError(`a trace context of ${fields.size} bytes; it has ${traceBytes}`);
  const word = (index: number) => fields.i32At(index * 4);
  const words: TraceContext["words"] = [word(0), word(1), word(2), word(3), word(4), word(5)];
  return new TraceContext(words, fields.u8At(24));
}
