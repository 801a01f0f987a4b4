import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { Arrival } from "./arrival.ts";
import type { ToChild } from "./messages.ts";

interface Handed {
  readonly socket: Socket;
  onLost(): void;
}

/**
 * Connections on their way to one process. This process keeps each open until the other says that it has it: what a process that
 * crashed had not taken yet is nobody's loss.
 */
export class Handover {
  readonly #child: ChildProcess;
  readonly #handed = new Map<number, Handed>();
  #nextId = 1;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Gives a connection; calls `onLost` if the process ends before it has it. */
  give({ socket, head, isMixed }: Arrival, onLost: () => void): void {
    if (!this.#child.connected) return onLost();
    const id = this.#nextId;
    this.#nextId += 1;
    this.#handed.set(id, { socket, onLost });
    const read = head?.toString("base64");
    const message: ToChild = { kind: "connection", id, read, isMixed };
    this.#child.send(message, socket, { keepOpen: true }, (error) => {
      if (error) this.#lost(id);
    });
  }

  /** The process has it. Closing it here sends nothing to the client. */
  taken(id: number): void {
    this.#handed.get(id)?.socket.destroy();
    this.#handed.delete(id);
  }

  /** The process is gone. */
  end(): void {
    for (const id of [...this.#handed.keys()]) this.#lost(id);
  }

  #lost(id: number): void {
    const handed = this.#handed.get(id);
    this.#handed.delete(id);
    handed?.onLost();
  }
}
