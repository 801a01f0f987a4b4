/**
 * A stream of the mesh over WebSocket, seen as an exchange: a message is an item, both ways. Until the socket is open, that is
 * until the first item of the answer, or until the operation reads its input, everything is answered in HTTP. After that a good end is 1000, a
 * failure is a close code with the problem's code, and who leaves cancels the call.
 */
import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { WebSocket } from "ws";
import type { HeaderList, Problem } from "../../http/index.ts";
import { every, type Timer } from "../../kit/index.ts";
import { type AnswerStream, ClientGone, type Exchange } from "../exchange.ts";
import { PassedExchange } from "../passed-exchange.ts";
import { MessageQueue } from "./message-queue.ts";

/** Loads `ws` with the first WebSocket: with `node:http`, which it needs, it is a sixth of what a gateway's start costs. */
const require = createRequire(import.meta.url);

/** How the operation is reached over HTTP. */
export interface WebSocketOptions {
  readonly method: string;
  readonly hasInputStream: boolean;
  /** Largest message of a client. */
  readonly messageBytesMax: number;
}

/** RFC 6455, section 7.4.1. */
const closeCodes = { normal: 1000, goingAway: 1001, policy: 1008, failed: 1011 } as const;
/** A control frame has 125 bytes, two of which are the code. */
const reasonBytesMax = 123;
/** A peer that has not answered a PING when the next is due is gone. Below the idle times of proxies (nginx: 60 s). */
const pingMs = 30_000;
/** Bytes that wait for the client before a writer has to wait. */
const queueBytesMax = 64 * 1024;

export class WebSocketExchange extends PassedExchange {
  readonly #options: WebSocketOptions;
  #socket: WebSocket | undefined;
  #queue: MessageQueue | undefined;
  /** Of messages that are on their way to the system. */
  #unsentBytes = 0;

  constructor(inner: Exchange, options: WebSocketOptions) {
    super(inner);
    this.#options = options;
  }

  override get method(): string {
    return this.#options.method;
  }

  override get hasBody(): boolean {
    return this.#options.hasInputStream;
  }

  /** Items come and go as lines, whatever a client says that it accepts. */
  override header(name: string): string | undefined {
    if (name === "content-type") return "application/x-ndjson";
    return name === "accept" ? undefined : super.header(name);
  }

  override async *bodyChunks(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#open();
    for await (const message of this.#queue ?? []) {
      yield message;
      yield lineEnd;
    }
  }

  override answer(status: number, headers: HeaderList, body: Uint8Array | string): void {
    const socket = this.#socket;
    if (!socket) return super.answer(status, headers, body);
    if (status < 400) {
      socket.send(body.toString());
      return socket.close(closeCodes.normal);
    }
    const { code, title } = JSON.parse(body.toString()) as Problem;
    const closeCode = status < 500 ? closeCodes.policy : closeCodes.failed;
    socket.close(closeCode, (code ?? title).slice(0, reasonBytesMax));
  }

  override stream(): AnswerStream {
    const socket = this.#open();
    return {
      write: (bytes) => this.#send(socket, bytes),
      end: () => socket.close(closeCodes.normal),
      abort: () => socket.close(closeCodes.failed),
    };
  }

  /** Sends a line as a message. */
  #send(socket: WebSocket, line: Uint8Array): Promise<void> | undefined {
    const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString().trimEnd();
    if (socket.readyState !== socket.OPEN) return gone();
    this.#unsentBytes += line.length;
    const sent = new Promise<void>((resolve, reject) => {
      socket.send(text, (error) => {
        // In the loop's next turn: a stream that is as quick as this socket must not keep others from theirs.
        setImmediate(() => {
          this.#unsentBytes -= line.length;
          if (error) reject(new ClientGone());
          else resolve();
        });
      });
    });
    sent.catch(() => undefined);
    return this.#unsentBytes > queueBytesMax ? sent : undefined;
  }

  #open(): WebSocket {
    if (this.#socket) return this.#socket;
    const taken = this.inner.takeOver(() => this.#socket?.close(closeCodes.goingAway));
    if (!taken) throw new ClientGone();
    const handshake = {
      method: "GET",
      headers: {
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": this.inner.header("sec-websocket-key"),
      },
    } as unknown as IncomingMessage;
    const { WebSocketServer } = require("ws") as typeof import("ws");
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: this.#options.messageBytesMax,
    });
    server.handleUpgrade(handshake, taken.socket, taken.rest, (socket) => {
      this.#socket = socket;
    });
    const socket = this.#socket as WebSocket | undefined;
    if (!socket) throw new ClientGone();
    this.#queue = new MessageQueue(socket);
    // The close that follows says all that matters.
    socket.on("error", () => {});
    const heart = beat(socket);
    socket.on("close", () => heart.cancel());
    taken.socket.resume();
    return socket;
  }
}

const lineEnd = new Uint8Array([0x0a]);

function beat(socket: WebSocket): Timer {
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  return every(pingMs, () => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  });
}

function gone(): Promise<void> {
  const promise = Promise.reject(new ClientGone());
  promise.catch(() => undefined);
  return promise;
}
