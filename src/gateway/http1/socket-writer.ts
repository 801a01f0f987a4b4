import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { ConnectionLimits } from "../connection-limits.ts";
import { ClientGone } from "../exchange.ts";
import { Patience } from "./core/patience.ts";

/** Up to this size, copying a body behind its head is cheaper than a second write. */
const joinBytesMax = 16 * 1024;

/** A promise of room, and how to keep it. */
interface Room {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The sending side of a connection: few writes, an end to waiting for a client that does not read. */
export class SocketWriter {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #onDrain: () => void;
  readonly #patience = new Patience();
  #isFull = false;
  #isCorked = false;
  #room: Room | undefined;

  constructor(socket: Socket, limits: ConnectionLimits, onDrain: () => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onDrain = onDrain;
    socket.on("drain", () => {
      this.#isFull = false;
      this.#patience.end();
      this.#room?.resolve();
      this.#room = undefined;
      this.#onDrain();
    });
  }

  /** Whether the client has to read before more is sent. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Time passed. Whether the client reads too slowly. */
  charge(ms: number): boolean {
    return this.#patience.charge(ms);
  }

  /** Sends an answer, in one write if it is small. */
  send(head: string, body: Uint8Array | string | undefined): void {
    if (body === undefined || body.length === 0) {
      this.#noteRoom(this.#socket.write(head, "latin1"));
      return;
    }
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    if (length > joinBytesMax) {
      this.#socket.cork();
      this.#socket.write(head, "latin1");
      this.#noteRoom(this.#socket.write(body));
      this.#socket.uncork();
      return;
    }
    const bytes = Buffer.allocUnsafe(head.length + length);
    bytes.write(head, 0, "latin1");
    if (typeof body === "string") bytes.write(body, head.length);
    else bytes.set(body, head.length);
    this.#noteRoom(this.#socket.write(bytes));
  }

  /** Sends a whole answer. Whether nothing of it waits here, so that its bytes may be changed. */
  sendBytes(answer: Uint8Array): boolean {
    this.#noteRoom(this.#socket.write(answer));
    return this.#socket.writableLength === 0;
  }

  /** Sends a piece, with the others of this tick in one write. */
  sendPiece(piece: Uint8Array | string): void {
    if (!this.#socket.writable) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    const hasRoom =
      typeof piece === "string" ? this.#socket.write(piece, "latin1") : this.#socket.write(piece);
    this.#noteRoom(hasRoom);
    if (this.#socket.writableLength > this.#limits.answerQueueBytesMax) this.#socket.destroy();
  }

  /** Undefined while there is room. */
  room(): Promise<void> | undefined {
    if (!this.#socket.writable) return gone();
    if (!this.#isFull) return undefined;
    if (!this.#room) {
      this.#room = Promise.withResolvers<void>();
      this.#room.promise.catch(ignored);
    }
    return this.#room.promise;
  }

  /** Ends the sending side; `onSent` once all is handed to the system. */
  end(onSent: () => void): void {
    this.#expectRead();
    this.#socket.end(() => {
      this.#patience.end();
      onSent();
    });
  }

  /** The socket is closed. */
  onClosed(): void {
    this.#room?.reject(new ClientGone());
    this.#room = undefined;
  }

  #noteRoom(hasRoom: boolean): void {
    if (hasRoom || this.#isFull) return;
    this.#isFull = true;
    this.#expectRead();
  }

  #expectRead(): void {
    const { pauseMsMax, bytesPerSecondMin } = this.#limits;
    this.#patience.begin(pauseMsMax + (this.#socket.writableLength * 1_000) / bytesPerSecondMin);
  }
}

/** A writer that does not wait for room must not bring the process down when there never will be. */
function ignored(): void {}

function gone(): Promise<void> {
  const promise = Promise.reject(new ClientGone());
  promise.catch(ignored);
  return promise;
}
