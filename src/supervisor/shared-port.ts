/**
 * A port whose connections are given out by whose they are: the supervisor accepts, finds out, and hands each to the process that its
 * client had before, or else to the next one that is ready. Each costs a message there and one back (as in Node's cluster module with its
 * round robin), so where it does not matter who has which, the processes accept for themselves: see `shared-listener.ts`.
 *
 * Owns: the listening socket, and connections until somebody has them. While nobody is ready they wait, bounded in number and time.
 */
import { createServer, type Server, type Socket } from "node:net";
import { afterInBackground, type Timer } from "../kit/index.ts";
import { type Arrival, type Recognizer, takerFor } from "./arrival.ts";
import { listenOn } from "./listen-on.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { peekAt, peekable } from "./peek.ts";

/** Connections that wait for a process, or whose head is read; further ones are closed at once. */
const waitingMax = 1_024;
/** So long a connection waits for a process, in ms: one that crashed is back within a second or two. */
const waitMsMax = 10_000;

/** What a {@link SharedPort} needs. */
export interface SharedPortOptions {
  readonly host: string;
  readonly port: number;
  /** Those who take connections now. */
  takers(): readonly ManagedProcess[];
  /** Finds out whose a connection is, before anybody has it. */
  readonly recognizer: Recognizer;
}

export class SharedPort {
  readonly #options: SharedPortOptions;
  readonly #waiting = new Map<Arrival, Timer>();
  readonly #server: Server;
  readonly #peeked = new Set<Socket>();
  #turn = 0;

  constructor(options: SharedPortOptions) {
    this.#options = options;
    // Paused: not a byte may be read here that the process needs.
    this.#server = createServer({ ...peekable, pauseOnConnect: true }, (socket) =>
      this.#arrive(socket),
    );
  }

  /** Starts listening, and gives the port. Rejects with ALREADY_EXISTS for a taken one. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    return (await listenOn(this.#server, host, port)).port;
  }

  /** Somebody has become ready: what waits goes to them. */
  offer(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [arrival, timer] of waiting) {
      timer.cancel();
      this.#hand(arrival);
    }
  }

  /** Stops accepting; what waits is closed. */
  close(): void {
    this.#server.close();
    for (const [{ socket }, timer] of this.#waiting) {
      timer.cancel();
      socket.destroy();
    }
    this.#waiting.clear();
    for (const socket of this.#peeked) socket.destroy();
  }

  #arrive(socket: Socket): void {
    const { recognizer } = this.#options;
    if (!recognizer.readsHead)
      return this.#hand({ socket, ...recognizer.recognize(socket, Buffer.alloc(0)) });
    if (this.#peeked.size >= waitingMax) return void socket.destroy();
    this.#peeked.add(socket);
    void peekAt(socket).then((head) => {
      this.#peeked.delete(socket);
      if (head) this.#hand({ socket, head, ...recognizer.recognize(socket, head) });
    });
  }

  /** @param gone those who could not take it: they have ended, and it may not be known yet. */
  #hand(arrival: Arrival, gone: readonly ManagedProcess[] = []): void {
    const takers = this.#options.takers().filter((taker) => !gone.includes(taker));
    const taker = this.#choose(takers, arrival);
    if (taker) taker.hand(arrival, () => this.#hand(arrival, [...gone, taker]));
    else this.#keep(arrival);
  }

  #choose(takers: readonly ManagedProcess[], arrival: Arrival): ManagedProcess | undefined {
    const chosen = takerFor(arrival, takers);
    if (chosen) return chosen;
    this.#turn += 1;
    return takers[this.#turn % takers.length];
  }

  #keep(arrival: Arrival): void {
    const { socket } = arrival;
    if (this.#waiting.size >= waitingMax) {
      socket.destroy();
      return;
    }
    const timer = afterInBackground(waitMsMax, () => {
      this.#waiting.delete(arrival);
      socket.destroy();
    });
    this.#waiting.set(arrival, timer);
  }
}
