/**
 * A port that outlives the processes behind it: the supervisor accepts, and hands each connection to the next process that is ready.
 * So a process can come, go or crash without a connection being refused, and several share the port evenly. As in Node's cluster
 * module with its round robin (Node documentation, "Cluster", How it works); several listeners on one port (SO_REUSEPORT) are no
 * choice: what waits in the queue of one that closes is reset.
 *
 * Owns: the listening socket, and connections until somebody has them. While nobody is ready they wait, bounded in number and time.
 */
import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { afterInBackground, DureError, type Timer } from "../kit/index.ts";
import type { ManagedProcess } from "./managed-process.ts";

/** Connections that wait for a process; further ones are closed at once. */
const waitingMax = 1_024;
/** So long a connection waits for a process, in ms: one that crashed is back within a second or two. */
const waitMsMax = 10_000;

/** What a {@link SharedPort} needs. */
export interface SharedPortOptions {
  readonly host: string;
  readonly port: number;
  /** Those who take connections now. */
  takers(): readonly ManagedProcess[];
  /** Whether a client's address decides who has it, while the takers stay the same. Default false: each in turn. */
  readonly isSticky?: boolean;
}

export class SharedPort {
  readonly #options: SharedPortOptions;
  readonly #waiting = new Map<Socket, Timer>();
  readonly #server: Server;
  #turn = 0;

  constructor(options: SharedPortOptions) {
    this.#options = options;
    // Paused: not a byte may be read here that the process needs.
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#hand(socket));
  }

  /** Starts listening, and gives the port. Rejects with ALREADY_EXISTS for a taken one. */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => {
        const code = error.code === "EADDRINUSE" ? "ALREADY_EXISTS" : "UNAVAILABLE";
        const message = `cannot listen on ${host}:${port}: ${error.message}`;
        reject(new DureError(code, message, { cause: error }));
      });
      this.#server.listen({ host, port }, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  /** Somebody has become ready: what waits goes to them. */
  offer(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [socket, timer] of waiting) {
      timer.cancel();
      this.#hand(socket);
    }
  }

  /** Stops accepting; what waits is closed. */
  close(): void {
    this.#server.close();
    for (const [socket, timer] of this.#waiting) {
      timer.cancel();
      socket.destroy();
    }
    this.#waiting.clear();
  }

  /** @param gone those who could not take it: they have ended, and it may not be known yet. */
  #hand(socket: Socket, gone: readonly ManagedProcess[] = []): void {
    const takers = this.#options.takers().filter((taker) => !gone.includes(taker));
    const taker = takers[this.#placeOf(socket) % takers.length];
    if (taker) taker.hand(socket, () => this.#hand(socket, [...gone, taker]));
    else this.#keep(socket);
  }

  #placeOf({ remoteAddress = "" }: Socket): number {
    if (this.#options.isSticky)
      return createHash("sha256").update(remoteAddress).digest().readUInt32BE();
    this.#turn += 1;
    return this.#turn;
  }

  #keep(socket: Socket): void {
    if (this.#waiting.size >= waitingMax) {
      socket.destroy();
      return;
    }
    const timer = afterInBackground(waitMsMax, () => {
      this.#waiting.delete(socket);
      socket.destroy();
    });
    this.#waiting.set(socket, timer);
  }
}
