import { Buffer } from "node:buffer";
import { afterInBackground, DureError, randomInt } from "../kit/index.ts";
import type { ByteSocket, Listener, SocketReader, Transport } from "./transport.ts";

/** Faults and traits of a {@link MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /** One-way delay in ms. Default 0: the next turn of the event loop. */
  readonly latencyMs?: number;
  /** Cut what is written into pieces at random places, as TCP may. Default true. */
  readonly splits?: boolean;
}

/** A network inside the process that behaves like TCP where it matters: bytes are copied, cut anywhere, held back by slow readers. */
export interface MemoryNetwork extends Transport {
  /** From now on nothing passes to or from this port, and nobody is told: a pulled cable, a frozen process. */
  blackhole(port: number): void;
  /** Lets bytes pass again, those that waited first. */
  heal(port: number): void;
  /** Resets every connection of this port. */
  reset(port: number): void;
}

/** What the "kernel" holds of one direction before the writer is told to wait. */
const kernelBytesMax = 256 * 1024;

/** Makes a network of its own; ports of two networks never meet. */
export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const listeners = new Map<number, (socket: ByteSocket) => void>();
  const pipes = new Set<Pipe>();
  const blackholes = new Set<number>();
  let nextPort = 20_000;
  const flush = () => {
    for (const pipe of pipes) pipe.pump();
  };
  return {
    async listen(address, onSocket): Promise<Listener> {
      nextPort += 1;
      const port = address.port || nextPort;
      if (listeners.has(port)) {
        throw new DureError(
          "ALREADY_EXISTS",
          `port ${port} on ${address.host} is taken; choose another`,
          {
            details: { port, reason: "EADDRINUSE" },
          },
        );
      }
      listeners.set(port, onSocket);
      return {
        address: { host: address.host, port },
        async close() {
          if (listeners.get(port) === onSocket) listeners.delete(port);
        },
      };
    },

    connect(address, timeoutMs): Promise<ByteSocket> {
      return new Promise((resolve, reject) => {
        const { port } = address;
        const refuse = (why: string) =>
          reject(
            new DureError("UNAVAILABLE", `cannot connect to ${address.host}:${port}: ${why}`, {
              sent: "no",
            }),
          );
        if (blackholes.has(port)) {
          afterInBackground(timeoutMs, () => refuse(`no answer within ${timeoutMs} ms`));
          return;
        }
        soon(options.latencyMs, () => {
          const accept = listeners.get(port);
          if (!accept) return refuse("connection refused");
          const near = new MemorySocket();
          const far = new MemorySocket();
          const isBlocked = () => blackholes.has(port);
          for (const [from, to] of [
            [near, far],
            [far, near],
          ] as const) {
            const pipe = new Pipe(port, to, {
              options,
              isBlocked,
              onDone: () => pipes.delete(pipe),
            });
            from.pipe = pipe;
            pipes.add(pipe);
          }
          accept(far);
          resolve(near);
        });
      });
    },

    blackhole: (port) => void blackholes.add(port),
    heal(port) {
      blackholes.delete(port);
      flush();
    },
    reset(port) {
      for (const pipe of [...pipes]) if (pipe.port === port) pipe.reset();
    },
  };
}

function soon(latencyMs: number | undefined, run: () => void): void {
  if (latencyMs) afterInBackground(latencyMs, run);
  else setImmediate(run);
}

/** What a pipe asks its network. */
interface PipeWorld {
  readonly options: MemoryNetworkOptions;
  isBlocked(): boolean;
  onDone(): void;
}

/** One direction of a connection. */
class Pipe {
  readonly port: number;
  readonly #to: MemorySocket;
  readonly #world: PipeWorld;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isEnded = false;
  #isPlanned = false;
  onDrain: (() => void) | undefined;

  constructor(port: number, to: MemorySocket, world: PipeWorld) {
    this.port = port;
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
    soon(this.#world.options.latencyMs, () => this.#deliver());
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

class MemorySocket implements ByteSocket {
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
