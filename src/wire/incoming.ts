import type { Buffer } from "node:buffer";
import { Buffer as NodeBuffer } from "node:buffer";
import { asError, DureError } from "../kit/index.ts";
import type { Assembler } from "./core/assembler.ts";
import { fieldTag, frameFlag, frameType } from "./core/frame.ts";
import { type ResponseExtra, writeFailure, writeResponseHead } from "./core/head.ts";
import { Sender } from "./core/sender.ts";
import type { IncomingMessages } from "./incoming-messages.ts";
import { chunkBytes } from "./limits.ts";
import type { Link } from "./link.ts";
import { OutgoingMessages } from "./outgoing-messages.ts";
import type {
  Body,
  CallFailure,
  OperationRef,
  PeerIdentity,
  RequestHead,
  WireFailure,
} from "./types.ts";

/** The dialler of a link, as a server sees it. */
export interface Peer extends PeerIdentity {
  /** The names that it has proved to hold, where the transport checks any: under TLS those in its certificate. */
  readonly names: readonly string[] | undefined;
  /** The address its connection comes from. */
  readonly remoteAddress: string;
  /** Closes its link, telling why. */
  disconnect(code: string, reason: string): void;
}

/** A request at work. It is answered exactly once: by `respond`, `fail`, or `stream`; later answers are ignored. */
export interface IncomingRequest {
  readonly peer: Peer;
  readonly ref: OperationRef;
  readonly head: RequestHead;
  readonly body: Uint8Array;
  /** The messages of its input, where that is a stream. Read them once. */
  readonly input: AsyncIterable<Uint8Array> | undefined;
  /** When it was complete, on the clock of `now()`. */
  readonly receivedAt: number;
  /** How long it waited on its way before that, in ms, as far as can be known. */
  readonly queuedMs: number;
  /** The caller gave up, or its link is gone. */
  readonly isCancelled: boolean;
  /** Calls `listener` when the caller gives up or its link goes; at once if that was before. */
  onCancel(listener: () => void): void;
  respond(body: Body, extra?: ResponseExtra): void;
  fail(failure: WireFailure): void;
  /** Answers with a stream of messages. */
  stream(): OutgoingStream;
}

/** The writer's half of a stream. */
export interface OutgoingStream {
  /** Bytes queued for a reader that does not take them; a writer that cannot wait may drop the stream by this. */
  readonly queuedCount: number;
  /** Resolves when the message has left; wait for it before the next, or they queue here without bound. */
  write(message: Body): Promise<void>;
  end(): void;
  fail(failure: WireFailure): void;
}

/** What a request needs from the link it came on. */
export interface RequestOwner {
  readonly link: Link;
  readonly messageBytesMax: number;
  readonly streamCreditBytes: number;
  onAnswered(request: ServerRequest): void;
}

const noBytes = NodeBuffer.alloc(0);

const callerGone: CallFailure = {
  code: "CANCELLED",
  message: "the caller gave up",
  isStarted: true,
  sent: "unknown",
};

/** See {@link IncomingRequest}. */
export class ServerRequest implements IncomingRequest {
  readonly streamId: number;
  readonly peer: Peer;
  readonly ref: OperationRef;
  readonly head: RequestHead;
  body: Buffer = noBytes;
  input: IncomingMessages | undefined;
  receivedAt = 0;
  queuedMs = 0;
  isCancelled = false;
  /** The body so far, where it comes in several frames. */
  assembler: Assembler | undefined;
  sender: Sender | undefined;
  readonly #owner: RequestOwner;
  #isAnswered = false;
  #cancelListeners: (() => void)[] | undefined;

  constructor(
    owner: RequestOwner,
    peer: Peer,
    streamId: number,
    what: { ref: OperationRef; head: RequestHead },
  ) {
    this.#owner = owner;
    this.peer = peer;
    this.streamId = streamId;
    this.ref = what.ref;
    this.head = what.head;
  }

  onCancel(listener: () => void): void {
    if (this.isCancelled) return listener();
    this.#cancelListeners ??= [];
    this.#cancelListeners.push(listener);
  }

  respond(body: Body, extra: ResponseExtra = {}): void {
    if (this.#isAnswered) return;
    const size = body.length * 3 > chunkBytes ? NodeBuffer.byteLength(body as string) : 0;
    if (size > this.#owner.messageBytesMax) {
      return this.fail({
        code: "RESOURCE_EXHAUSTED",
        message: `the answer of ${this.ref.service}.${this.ref.operation} has ${size} bytes; the limit is ${this.#owner.messageBytesMax}`,
        isStarted: true,
      });
    }
    const { link } = this.#owner;
    const isLarge = size > chunkBytes;
    link.writer.begin(frameType.RESPONSE, isLarge ? frameFlag.MORE : frameFlag.END, this.streamId);
    try {
      writeResponseHead(link.writer, extra);
    } catch (thrown) {
      link.writer.abandon();
      return this.fail({ code: "INTERNAL", message: asError(thrown).message, isStarted: true });
    }
    if (!isLarge) {
      link.writer.end(body);
      link.flushAnswer();
      return this.#answered();
    }
    link.writer.u32(fieldTag.TOTAL_BYTES, size);
    link.writer.end("");
    this.#isAnswered = true;
    this.sender = new Sender(this.streamId, this.#owner.streamCreditBytes);
    this.sender.push(body, () => this.#answered());
    link.enqueue(this.sender);
  }

  fail(failure: WireFailure): void {
    if (this.#isAnswered) return;
    const { writer } = this.#owner.link;
    writer.begin(frameType.ERROR, frameFlag.END, this.streamId);
    writeFailure(writer, failure);
    writer.end("");
    this.#owner.link.flushAnswer();
    this.#answered();
  }

  stream(): OutgoingStream {
    if (this.#isAnswered)
      throw new DureError("FAILED_PRECONDITION", "the request is answered already");
    const { link } = this.#owner;
    const messages = new OutgoingMessages(link, this.streamId);
    this.sender = messages.sender;
    this.onCancel(() => messages.abort());
    link.writer.begin(frameType.RESPONSE, 0, this.streamId);
    link.writer.end("");
    link.planFlush();
    return {
      get queuedCount() {
        return messages.sender.queuedCount;
      },
      write: (message) => messages.write(message),
      end: () => messages.end(frameFlag.END, () => this.#answered()),
      fail: (failure) => {
        messages.abort();
        this.fail(failure);
      },
    };
  }

  /** The caller gave up: nothing more is sent. */
  cancelled(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    const listeners = this.#cancelListeners;
    this.#cancelListeners = undefined;
    if (!this.#isAnswered || this.sender) this.#answered();
    this.input?.fail(callerGone);
    if (listeners) for (const listener of listeners) listener();
  }

  #answered(): void {
    this.#isAnswered = true;
    if (this.sender) this.#owner.link.dequeue(this.sender);
    this.sender = undefined;
    this.#owner.onAnswered(this);
  }
}
