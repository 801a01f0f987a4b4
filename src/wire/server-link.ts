import type { Buffer } from "node:buffer";
import { afterInBackground, DureError, now, type Timer } from "../kit/index.ts";
import { Assembler } from "./core/assembler.ts";
import { BaseDelay } from "./core/base-delay.ts";
import { readCredit } from "./core/control-frames.ts";
import { FieldReader } from "./core/fields.ts";
import { fieldTag, frameFlag, frameType } from "./core/frame.ts";
import type { FrameView } from "./core/frame-reader.ts";
import { readRequestHead, writeFailure } from "./core/head.ts";
import { StreamTable } from "./core/stream-table.ts";
import {
  type Hello,
  impostor,
  isSameProof,
  mismatch,
  newNonce,
  proofOf,
  readHello,
  writeHello,
} from "./handshake.ts";
import { type IncomingRequest, type Peer, type RequestOwner, ServerRequest } from "./incoming.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import type { WireLimits } from "./limits.ts";
import { Link } from "./link.ts";
import type { ByteSocket } from "./transport.ts";
import type { OperationRef, PeerIdentity } from "./types.ts";

/** What the links of one server share. */
export interface ServerLinkContext {
  readonly identity: PeerIdentity;
  readonly token: string | undefined;
  readonly limits: WireLimits;
  onRequest(request: IncomingRequest): void;
  onReady(link: ServerLink): void;
  onClose(link: ServerLink, error: DureError): void;
  /** A request came to its end. */
  onRequestEnd(): void;
}

/**
 * The listener's end of one link: checks who dials, numbers operations, keeps the requests at work.
 *
 * Invariants: (S1) no request before the handshake is over; (S2) when the link goes, every request at work is cancelled;
 * (S3) a request that is refused says that it was not started.
 */
export class ServerLink implements RequestOwner {
  readonly link: Link;
  readonly messageBytesMax: number;
  readonly streamCreditBytes: number;
  readonly #context: ServerLinkContext;
  readonly #nonce = newNonce();
  readonly #requests = new StreamTable<ServerRequest>();
  readonly #operations = new Map<number, OperationRef>();
  readonly #baseDelay = new BaseDelay();
  readonly #handshakeTimer: Timer;
  #hello: Hello | undefined;
  #peer: Peer | undefined;
  #lastStreamId = 0;
  #isDraining = false;
  #onDrained: (() => void) | undefined;

  constructor(socket: ByteSocket, context: ServerLinkContext) {
    this.#context = context;
    this.messageBytesMax = context.limits.messageBytesMax;
    this.streamCreditBytes = context.limits.streamCreditBytes;
    this.link = new Link(socket, context.limits, {
      onFrame: (frame) => this.#onFrame(frame),
      onClose: (error) => this.#onClose(error),
      inFlight: () => this.#requests.size,
      oldestPendingAt: () => undefined,
    });
    const { handshakeMsMax } = context.limits;
    this.#handshakeTimer = afterInBackground(handshakeMsMax, () =>
      this.link.goAway("DEADLINE_EXCEEDED", `the handshake took longer than ${handshakeMsMax} ms`),
    );
  }

  /** Who dials; undefined until the handshake is over. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Requests at work. */
  get requestCount(): number {
    return this.#requests.size;
  }

  /** First phase of leaving: the peer sends nothing more; all that it sent is taken. Resolves when the peer has agreed. */
  drain(): Promise<void> {
    if (!this.#peer || this.link.isClosed) return Promise.resolve();
    this.#isDraining = true;
    this.link.writer.begin(frameType.DRAIN, 0, 0);
    this.link.writer.end("");
    this.link.planFlush();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** Second phase: closes, naming the last request that was taken. */
  close(reason: string): void {
    this.link.goAway("UNAVAILABLE", reason, this.#lastStreamId);
  }

  onAnswered(request: ServerRequest): void {
    this.#requests.delete(request.streamId);
    this.#context.onRequestEnd();
  }

  #onFrame(frame: FrameView): void {
    if (!this.#peer) return this.#onHandshakeFrame(frame);
    switch (frame.type) {
      case frameType.BIND:
        return this.#onBind(frame);
      case frameType.REQUEST:
        return this.#onRequest(frame);
      case frameType.DATA:
        return this.#onData(frame);
      case frameType.END:
        return this.#requests.get(frame.streamId)?.input?.end();
      case frameType.CANCEL:
        return this.#requests.get(frame.streamId)?.cancelled();
      case frameType.WINDOW: {
        const sender = this.#requests.get(frame.streamId)?.sender;
        if (!sender) return;
        sender.grant(readCredit(frame));
        return this.link.enqueue(sender);
      }
      case frameType.DRAINED:
        return this.#onDrained?.();
      case frameType.GOAWAY:
        return this.link.destroy(new DureError("CANCELLED", "the caller closed the link"));
      case frameType.HELLO:
      case frameType.AUTH:
        return this.link.goAway("INVALID_ARGUMENT", "a second handshake");
    }
  }

  #onHandshakeFrame(frame: FrameView): void {
    if (frame.type === frameType.GOAWAY) {
      return this.link.destroy(new DureError("CANCELLED", "the dialler gave up"));
    }
    if (frame.type === frameType.HELLO && !this.#hello) return this.#onHello(readHello(frame));
    if (frame.type === frameType.AUTH && this.#hello) return this.#onAuth(this.#hello, frame);
    this.link.goAway("INVALID_ARGUMENT", `frame type ${frame.type} before the handshake is over`);
  }

  #onHello(hello: Hello): void {
    const { identity, token } = this.#context;
    const refusal = mismatch(identity, hello) ?? impostor(hello, this.link.socket.peerNames);
    if (refusal) return this.link.goAway(refusal.code, refusal.message);
    this.#hello = hello;
    const proof = token
      ? proofOf(token, "listener", [hello.nonce, this.#nonce], identity)
      : undefined;
    writeHello(this.link.writer, { identity, expectNodeId: undefined, nonce: this.#nonce, proof });
    this.link.planFlush();
  }

  #onAuth(hello: Hello, frame: FrameView): void {
    const { token } = this.#context;
    if (token) {
      let proof: Buffer | undefined;
      const fields = new FieldReader(frame);
      while (fields.next()) if (fields.tag === fieldTag.PROOF) proof = fields.bytes();
      const expected = proofOf(token, "dialler", [hello.nonce, this.#nonce], hello.identity);
      if (!isSameProof(expected, proof)) {
        const why = proof ? "the token is wrong" : "this mesh needs a token and none was given";
        return this.link.goAway("UNAUTHENTICATED", `${why}; set DURE_TOKEN or security.tokenFile`);
      }
    }
    this.#handshakeTimer.cancel();
    this.link.authenticated();
    this.link.writer.begin(frameType.AUTH, frameFlag.MUST_UNDERSTAND, 0);
    this.link.writer.end("");
    this.link.planFlush();
    this.#peer = {
      ...hello.identity,
      names: this.link.socket.peerNames,
      remoteAddress: this.link.socket.remoteAddress,
      disconnect: (code, reason) => this.link.goAway(code, reason, this.#lastStreamId),
    };
    this.#context.onReady(this);
  }

  #onBind(frame: FrameView): void {
    let number = 0;
    const ref = { service: "", operation: "", contractHash: "" };
    const fields = new FieldReader(frame);
    while (fields.next()) {
      if (fields.tag === fieldTag.OPERATION_NUMBER) number = fields.u32();
      else if (fields.tag === fieldTag.SERVICE) ref.service = fields.text();
      else if (fields.tag === fieldTag.OPERATION) ref.operation = fields.text();
      else if (fields.tag === fieldTag.CONTRACT_HASH) ref.contractHash = fields.text();
    }
    if (this.#operations.has(number)) {
      return this.link.goAway("INVALID_ARGUMENT", `operation number ${number} is bound twice`);
    }
    if (this.#operations.size >= this.#context.limits.operationsMax) {
      return this.link.goAway(
        "RESOURCE_EXHAUSTED",
        `more than ${this.#context.limits.operationsMax} operations on one link`,
      );
    }
    this.#operations.set(number, ref);
  }

  #onRequest(frame: FrameView): void {
    const { streamId } = frame;
    if (streamId % 2 === 0 || streamId <= this.#lastStreamId) {
      return this.link.goAway(
        "INVALID_ARGUMENT",
        `stream id ${streamId} is even or was used before`,
      );
    }
    this.#lastStreamId = streamId;
    const { operationNumber, head, totalBytes, hasInputStream, sentAt } = readRequestHead(frame);
    const ref = this.#operations.get(operationNumber);
    if (!ref)
      return this.#refuse(
        streamId,
        "UNIMPLEMENTED",
        `operation number ${operationNumber} was never bound`,
      );
    if (this.#requests.size >= this.#context.limits.streamsMax) {
      return this.#refuse(
        streamId,
        "RESOURCE_EXHAUSTED",
        `${this.#requests.size} requests are at work on this link already`,
      );
    }
    if ((totalBytes ?? 0) > this.messageBytesMax) {
      return this.#refuse(
        streamId,
        "RESOURCE_EXHAUSTED",
        `the request has ${totalBytes} bytes; the limit is ${this.messageBytesMax}`,
      );
    }
    const request = new ServerRequest(this, this.#peer as Peer, streamId, { ref, head });
    this.#requests.add(request);
    request.receivedAt = now();
    if (sentAt !== undefined) request.queuedMs = this.#baseDelay.queued(sentAt, request.receivedAt);
    if (hasInputStream)
      request.input = new IncomingMessages(
        (bytes) => this.link.grant(streamId, bytes),
        () => {},
      );
    const body = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    if ((frame.flags & frameFlag.MORE) === 0) return this.#dispatch(request, body);
    request.assembler = new Assembler();
    request.assembler.push(body);
  }

  #onData(frame: FrameView): void {
    const request = this.#requests.get(frame.streamId);
    const piece = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    const isLast = (frame.flags & frameFlag.MORE) === 0;
    const { assembler, input } = request ?? {};
    if (input) input.receive(piece, isLast);
    else if (!assembler) return this.link.consumed(piece.length);
    else {
      assembler.push(piece);
      this.link.grant(frame.streamId, piece.length);
    }
    if ((input?.partialBytes ?? assembler?.size ?? 0) > this.messageBytesMax)
      return this.link.goAway("INVALID_ARGUMENT", "a request is larger than it said");
    if (!request || !assembler || !isLast) return;
    request.assembler = undefined;
    this.#dispatch(request, assembler.take());
  }

  #dispatch(request: ServerRequest, body: Buffer): void {
    request.body = body;
    this.#context.onRequest(request);
  }

  #refuse(streamId: number, code: string, message: string): void {
    this.link.writer.begin(frameType.ERROR, frameFlag.END, streamId);
    writeFailure(this.link.writer, { code, message, isStarted: false });
    this.link.writer.end("");
    this.link.planFlush();
  }

  #onClose(error: DureError): void {
    this.#handshakeTimer.cancel();
    this.#onDrained?.();
    for (const request of [...this.#requests.values()]) request.cancelled();
    this.#context.onClose(this, error);
  }

  /** Whether it has been asked to send nothing more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }
}
