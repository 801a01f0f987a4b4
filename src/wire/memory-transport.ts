import { afterInBackground, DureError } from "../kit/index.ts";
import { MemorySocket, Pipe, type PipeEnds, soon } from "./memory-socket.ts";
import type { Address, ByteSocket, Listener, Transport } from "./transport.ts";

/** Faults and traits of a {@link MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /** One-way delay in ms, or a function that gives it anew each time. Default 0: the next turn of the event loop. */
  readonly latencyMs?: number | (() => number);
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
  /** The network as one host has it, so that hosts can be told apart. */
  at(host: string): Transport;
  /** From now on bytes pass between two hosts only where `isCut` is false, and nobody is told; undefined joins all again. */
  partition(isCut: ((one: string, other: string) => boolean) | undefined): void;
  /** The host is gone: its connections are reset, its ports closed, and what still runs of it reaches nobody. */
  crash(host: string): void;
}

/** Makes a network of its own; ports of two networks never meet. */
export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new Network(options);
}

interface Listening {
  readonly host: string;
  onSocket(socket: ByteSocket): void;
}

class Network implements MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #listeners = new Map<number, Listening>();
  readonly #pipes = new Set<Pipe>();
  readonly #blackholes = new Set<number>();
  readonly #crashed = new Set<string>();
  #isCut: ((one: string, other: string) => boolean) | undefined;
  #nextPort = 20_000;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  listen(address: Address, onSocket: (socket: ByteSocket) => void): Promise<Listener> {
    return this.at("").listen(address, onSocket);
  }

  connect(address: Address, timeoutMs: number): Promise<ByteSocket> {
    return this.at("").connect(address, timeoutMs);
  }

  at(host: string): Transport {
    return {
      listen: async (address, onSocket) => this.#listen(host, address, onSocket),
      connect: (address, timeoutMs) => this.#connect(host, address, timeoutMs),
    };
  }

  blackhole(port: number): void {
    this.#blackholes.add(port);
  }

  heal(port: number): void {
    this.#blackholes.delete(port);
    this.#flush();
  }

  reset(port: number): void {
    this.#resetWhere((ends) => ends.port === port);
  }

  partition(isCut: ((one: string, other: string) => boolean) | undefined): void {
    this.#isCut = isCut;
    this.#flush();
  }

  crash(host: string): void {
    this.#crashed.add(host);
    for (const [port, listening] of this.#listeners)
      if (listening.host === host) this.#listeners.delete(port);
    this.#resetWhere(({ dialler, listener }) => dialler === host || listener === host);
  }

  #listen(host: string, address: Address, onSocket: Listening["onSocket"]): Listener {
    this.#nextPort += 1;
    const port = address.port || this.#nextPort;
    if (this.#listeners.has(port)) {
      throw new DureError(
        "ALREADY_EXISTS",
        `port ${port} on ${address.host} is taken; choose another`,
        { details: { port, reason: "EADDRINUSE" } },
      );
    }
    const listening = { host, onSocket };
    this.#listeners.set(port, listening);
    return {
      address: { host: address.host, port },
      close: async () => {
        if (this.#listeners.get(port) === listening) this.#listeners.delete(port);
      },
    };
  }

  #connect(host: string, address: Address, timeoutMs: number): Promise<ByteSocket> {
    return new Promise((resolve, reject) => {
      const { port } = address;
      const refuse = (why: string) =>
        reject(
          new DureError("UNAVAILABLE", `cannot connect to ${address.host}:${port}: ${why}`, {
            sent: "no",
          }),
        );
      const listener = this.#listeners.get(port)?.host ?? "";
      if (this.#isBlocked({ port, dialler: host, listener }))
        return afterInBackground(timeoutMs, () => refuse(`no answer within ${timeoutMs} ms`));
      return soon(this.#options, () => {
        const listening = this.#listeners.get(port);
        if (!listening || this.#crashed.has(host)) return refuse("connection refused");
        const near = new MemorySocket();
        const far = new MemorySocket();
        const ends = { port, dialler: host, listener: listening.host };
        this.#join(ends, near, far);
        this.#join(ends, far, near);
        listening.onSocket(far);
        resolve(near);
      });
    });
  }

  #join(ends: PipeEnds, from: MemorySocket, to: MemorySocket): void {
    const pipe = new Pipe(ends, to, {
      options: this.#options,
      isBlocked: () => this.#isBlocked(ends),
      onDone: () => this.#pipes.delete(pipe),
    });
    from.pipe = pipe;
    this.#pipes.add(pipe);
  }

  #isBlocked({ port, dialler, listener }: PipeEnds): boolean {
    return this.#blackholes.has(port) || this.#isCut?.(dialler, listener) === true;
  }

  #flush(): void {
    for (const pipe of this.#pipes) pipe.pump();
  }

  #resetWhere(matches: (ends: PipeEnds) => boolean): void {
    for (const pipe of [...this.#pipes]) if (matches(pipe.ends)) pipe.reset();
  }
}
