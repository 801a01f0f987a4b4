import { Buffer } from "node:buffer";
import { afterInBackground, randomInt } from "../kit/index.ts";
import type { MemoryNetworkOptions } from "./memory-transport.ts";
import type { ByteSocket, SocketReader } from "./transport.ts";

/** What the "kernel" holds of one direction before the writer is told to wait. */
const kernelBytesMax = 256 * 1024;

/** Runs it after the delay; without one, in the next turn of the event loop. */
export function soon({ latencyMs }: MemoryNetworkOptions, run: () => void): void {
  const delayMs = typeof latencyMs === "function" ? latencyMs() : latencyMs;
  if (delayMs) afterInBackground(delayMs, run);
  else setImmediate(run);
}

/** Between whom bytes pass: the port that was dialled, and the hosts on both sides. */
export interface PipeEnds {
  readonly port: number;
  readonly dialler: string;
  readonly listener: string;
}

/** What a pipe asks its network. */
export interface PipeWorld {
  readonly options: MemoryNetworkOptions;
  isBlocked(): boolean;
  onDone(): void;
}

/** One direction of a connection. */
export class Pipe {
  readonly ends: PipeEnds;
  readonly #to: MemorySocket;
  readonly #world: PipeWorld;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isEnded = false;
  #isPlanned = false;
  onDrain: (() => void) | undefined;

  constructor(ends: PipeEnds, to: MemorySocket, world: PipeWorld) {
    this.ends = ends;
    this.#to = to;
    this.#world = world;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  write(bytes: Uint8Array): boolean {
    this.#waiting.push(Buffer.from(bytes));
    this.#waitingBytes += bytes.length;
    this.pump();
    return this.#waitingBytes < kernelBytesMax;
  }

  end(): void {
    this.#isEnded = true;
    this.pump();
  }

  reset(): void {
    this.#world.onDone();
    this.#waiting = [];
    this.#to.closed(new Error("connection reset"));
  }

  pump(): void {
    if (this.#isPlanned || this.#world.isBlocked()) return;
    this.#isPlanned = true;
    soon(this.#world.options, () => this.#deliver());
  }

  #deliver(): void {
    this.#isPlanned = false;
    if (this.#world.isBlocked()) return;
    const wasFull = this.#waitingBytes >= kernelBytesMax;
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const chunk of chunks) for (const piece of this.#split(chunk)) this.#to.received(piece);
    if (this.#isEnded) {
      this.#world.onDone();
      this.#to.closed(undefined);
    }
    if (wasFull) this.onDrain?.();
  }

  *#split(chunk: Buffer): Generator<Buffer> {
    const isSplit = this.#world.options.splits !== false && chunk.length > 1;
    const at = isSplit ? 1 + randomInt(chunk.length - 1) : chunk.length;
    yield chunk.subarray(0, at);
    if (at < chunk.length) yield chunk.subarray(at);
  }
}

/** One end of a connection. */
export class MemorySocket implements ByteSocket {
  readonly remoteAddress = "127.0.0.1";
  readonly localAddress = "127.0.0.1";
  pipe: Pipe | undefined;
  #reader: SocketReader | undefined;
  #early: Buffer[] = [];
  #isClosed = false;
  #closeError: Error | undefined;

  get writableLength(): number {
    return this.pipe?.waitingBytes ?? 0;
  }

  start(reader: SocketReader, first?: Buffer): void {
    this.#reader = reader;
    if (this.pipe) this.pipe.onDrain = () => this.#reader?.onDrain();
    if (first && first.length > 0) reader.onData(first);
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) this.#reader.onData(chunk);
    if (this.#isClosed) queueMicrotask(() => this.#reader?.onClose(this.#closeError));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed) return false;
    return this.pipe?.write(bytes) ?? false;
  }

  end(): void {
    this.pipe?.end();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.pipe?.end();
    this.closed(undefined);
  }

  received(chunk: Buffer): void {
    if (this.#isClosed) return;
    if (this.#reader) this.#reader.onData(chunk);
    else this.#early.push(chunk);
  }

  closed(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeError = error;
    // Like TCP: whoever sees the other's end closes its own side.
    this.pipe?.end();
    this.#reader?.onClose(error);
  }
}
