import { Buffer } from "node:buffer";
import { asError } from "../kit/index.ts";
import type { Exchange } from "./calls.ts";
import { fieldTag, frameFlag, frameType } from "./core/frame.ts";
import { writeRequestHead } from "./core/head.ts";
import { Sender } from "./core/sender.ts";
import { chunkBytes } from "./limits.ts";
import type { Link } from "./link.ts";
import { OutgoingMessages, pump } from "./outgoing-messages.ts";
import type { Body, CallFailure, OperationRef, RequestHead } from "./types.ts";

/** What a request is made of. */
export interface RequestParts {
  readonly head: RequestHead;
  readonly body: Body;
  /** Messages that follow, where the input is a stream; then there is no body. */
  readonly input?: AsyncIterable<Body> | undefined;
}

/** Writes the requests of one link; numbers its operations. */
export class RequestWriter {
  readonly #link: Link;
  readonly #operationNumbers = new Map<OperationRef, number>();

  constructor(link: Link) {
    this.#link = link;
  }

  /** Writes a request. Returns why it cannot be sent; then nothing of it was written. */
  write(
    exchange: Exchange,
    ref: OperationRef,
    { head, body, input }: RequestParts,
  ): CallFailure | undefined {
    const size = body.length * 3 > chunkBytes ? byteLength(body) : 0;
    const { messageBytesMax, streamCreditBytes } = this.#link.limits;
    if (size > messageBytesMax) {
      return unsent(
        "RESOURCE_EXHAUSTED",
        `the request has ${size} bytes; the limit is ${messageBytesMax}`,
      );
    }
    const { writer } = this.#link;
    const isLarge = size > chunkBytes;
    try {
      const operationNumber = this.#operationNumbers.get(ref) ?? this.#bind(ref);
      const flags = isLarge ? frameFlag.MORE : input ? 0 : frameFlag.END;
      writer.begin(frameType.REQUEST, flags, exchange.streamId);
      writeRequestHead(writer, { operationNumber, sentAt: exchange.sentAt }, head);
      if (input) writer.u32(fieldTag.INPUT_STREAM, 1);
    } catch (thrown) {
      writer.abandon();
      return unsent("INVALID_ARGUMENT", `the request cannot be sent: ${asError(thrown).message}`);
    }
    if (!isLarge) {
      writer.end(body);
      if (input) this.#pump(exchange, input);
      return undefined;
    }
    writer.u32(fieldTag.TOTAL_BYTES, size);
    writer.end("");
    exchange.sender = new Sender(exchange.streamId, streamCreditBytes);
    exchange.sender.push(body);
    this.#link.enqueue(exchange.sender);
    return undefined;
  }

  #pump(exchange: Exchange, input: AsyncIterable<Body>): void {
    const out = new OutgoingMessages(this.#link, exchange.streamId);
    exchange.sender = out.sender;
    exchange.stopInput = pump(input, out, (thrown) => exchange.failInput(asError(thrown)));
  }

  /** The first use of an operation on this link tells the peer what its number stands for. */
  #bind(ref: OperationRef): number {
    const number = this.#operationNumbers.size + 1;
    const { operationsMax } = this.#link.limits;
    if (number > operationsMax)
      throw new RangeError(`more than ${operationsMax} operations on one link`);
    const { writer } = this.#link;
    writer.begin(frameType.BIND, frameFlag.MUST_UNDERSTAND, 0);
    writer.u32(fieldTag.OPERATION_NUMBER, number);
    writer.text(fieldTag.SERVICE, ref.service);
    writer.text(fieldTag.OPERATION, ref.operation);
    writer.text(fieldTag.CONTRACT_HASH, ref.contractHash);
    writer.end("");
    this.#operationNumbers.set(ref, number);
    return number;
  }
}

/** A failure of a request that never reached the socket. */
export function unsent(code: string, message: string): CallFailure {
  return { code, message, isStarted: false, sent: "no" };
}

function byteLength(body: Body): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}
