/**
 * The other end: a process that obeys its supervisor. It ignores SIGINT and SIGHUP, which a terminal sends to the whole group,
 * and stops when it is told to, on SIGTERM, or when the supervisor is gone: nobody adopts it, so it drains and exits.
 */
import { flushCompileCache } from "node:module";
import { createServer, Socket } from "node:net";
import { after, asError, DureError, every, now } from "../kit/index.ts";
import type { MetricFamily } from "../telemetry/index.ts";
import type { FromChild, ToChild, Vitals } from "./messages.ts";

/** A stop that takes longer than its requests may, and this, is cut off; the supervisor would kill a second later. In ms. */
const graceMs = 1_000;
/** Signs of life are this far apart, in ms. */
const vitalsMs = 1_000;
/** Requests at work are counted so often in between, in ms: one look a second would see chance. */
const sampleMs = 50;

/** A process's line to its supervisor. */
export interface SupervisorLink {
  /** The work to do, as the supervisor described it. */
  readonly spec: unknown;
  /** How long its requests may take once it is told to stop, in ms. */
  readonly drainMs: number;
  /** Whether others serve until it is ready, so that it may take a while to prepare. */
  readonly isUnhurried: boolean;
  /** From now on it counts as ready; it listens there, if anywhere. */
  ready(address?: { readonly host: string; readonly port: number }): void;
  /** Tells whoever runs the supervisor something. */
  tell(details: unknown): void;
  /** Asks whoever runs the supervisor. */
  ask(question: unknown): Promise<unknown>;
  /** What it counts and measures, read when the supervisor asks. Default: nothing. */
  offerMetrics(read: () => readonly MetricFamily[]): void;
  /** How many requests are at work, for automatic scaling. Without it: none. */
  measure(requestCount: () => number): void;
  /**
   * Connections from the port that the supervisor holds, accepted there or here; only from then on are they taken. `isMixed`: requests on it may be of
   * several clients, who are told apart before they come here.
   */
  onConnection(take: (socket: Socket, isMixed: boolean) => void): void;
  /** What to do before the process ends. `isReplaced`: another process does its work from now on. */
  onStop(stop: (isReplaced: boolean) => Promise<void>): void;
  /** Says why the process cannot go on, and ends it. */
  fail(error: Error, exitCode: number): void;
}

/** Waits for the supervisor's first message. Rejects with FAILED_PRECONDITION if there is no supervisor. */
export async function obeySupervisor(): Promise<SupervisorLink> {
  if (!process.send) {
    throw new DureError(
      "FAILED_PRECONDITION",
      "this command is started by `dure up` and `dure dev`, not by hand",
    );
  }
  const obedience = new Obedience();
  await obedience.isStarted;
  return obedience;
}

class Obedience implements SupervisorLink {
  spec: unknown;
  drainMs = 0;
  isUnhurried = false;
  /** Resolves when the supervisor has told what to do. */
  readonly isStarted: Promise<void>;
  readonly #questions = new Questions((id, question) => void send({ kind: "ask", id, question }));
  #stop: ((isReplaced: boolean) => Promise<void>) | undefined;
  #takeConnection: ((socket: Socket, isMixed: boolean) => void) | undefined;
  /** The socket that processes share. */
  #handle: unknown;
  /** Accepts from it. */
  readonly #listener = createServer((socket) => this.#takeConnection?.(socket, false));
  #readMetrics = (): readonly MetricFamily[] => [];
  #requestCount = () => 0;
  #isStopping = false;

  constructor() {
    for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
    for (const event of ["SIGTERM", "disconnect"] as const) {
      process.on(event, () => void this.#end(false));
    }
    this.isStarted = new Promise((resolve) => {
      process.on("message", (message: ToChild, handle: unknown) => {
        this.#onMessage(message, handle);
        if (message.kind === "start") resolve();
      });
    });
  }

  ready(address?: { readonly host: string; readonly port: number }): void {
    // Node would write it when the process ends, and one that is killed ends without: the next one would compile all of it again.
    flushCompileCache();
    const tell = () => {
      void send({ kind: "ready", ...address });
      giveSignsOfLife(this.#requestCount, (vitals) => void send({ kind: "vitals", ...vitals }));
    };
    // Whoever hears that it is ready may connect at once.
    if (this.#handle === undefined) tell();
    else this.#acceptFrom(this.#handle, tell);
  }

  tell(details: unknown): void {
    void send({ kind: "tell", details });
  }

  ask(question: unknown): Promise<unknown> {
    return this.#questions.ask(question);
  }

  offerMetrics(read: () => readonly MetricFamily[]): void {
    this.#readMetrics = read;
  }

  measure(requestCount: () => number): void {
    this.#requestCount = requestCount;
  }

  onConnection(take: (socket: Socket, isMixed: boolean) => void): void {
    this.#takeConnection = take;
  }

  onStop(stop: (isReplaced: boolean) => Promise<void>): void {
    this.#stop = stop;
  }

  fail({ message }: Error, exitCode: number): void {
    void send({ kind: "failed", message, exitCode }).then(() => process.exit(exitCode));
  }

  #onMessage(message: ToChild, handle: unknown): void {
    switch (message.kind) {
      case "start":
        this.spec = message.spec;
        this.drainMs = message.drainMs;
        this.isUnhurried = message.isUnhurried;
        this.#handle = handle;
        return;
      case "connection":
        void send({ kind: "taken", id: message.id });
        // Absent where the client has left meanwhile.
        if (handle instanceof Socket) this.#take(handle, message);
        return;
      case "listen":
        this.#handle = handle;
        return;
      case "answer":
        return this.#questions.answered(message.id, message.answer);
      case "read-metrics":
        return void send({ kind: "metrics", id: message.id, families: this.#readMetrics() });
      case "stop":
        void this.#end(message.isReplaced);
    }
  }

  #acceptFrom(handle: unknown, onListening: () => void): void {
    this.#listener.on("error", (error) => {
      // Once it listens, what failed is one connection, as for want of file descriptors.
      if (!this.#listener.listening) this.fail(error, 1);
      else process.stderr.write(`a connection was not accepted: ${error.message}\n`);
    });
    this.#listener.listen(handle, onListening);
  }

  #take(socket: Socket, { read, isMixed }: Extract<ToChild, { kind: "connection" }>): void {
    if (read !== undefined) socket.unshift(Buffer.from(read, "base64"));
    this.#takeConnection?.(socket, isMixed === true);
  }

  async #end(isReplaced: boolean): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#listener.close();
    after(this.drainMs + graceMs, () => process.exit(1));
    let exitCode = 0;
    try {
      await this.#stop?.(isReplaced);
    } catch (thrown) {
      process.stderr.write(`did not stop cleanly: ${asError(thrown).stack}\n`);
      exitCode = 1;
    }
    process.exit(exitCode);
  }
}

/** Resolves when the message is on its way. */
function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    // A supervisor that is gone is noticed by "disconnect"; nothing else is to be done about a message to it.
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

/** Now and once a second from now on. */
function giveSignsOfLife(requestCount: () => number, give: (vitals: Vitals) => void): void {
  let usage = process.cpuUsage();
  let measuredAt = now();
  const counts: number[] = [];
  every(sampleMs, () => counts.push(requestCount()));
  give({ memoryBytes: process.memoryUsage.rss(), cpuShare: 0, concurrency: 0 });
  every(vitalsMs, () => {
    const { user, system } = process.cpuUsage(usage);
    const cpuShare = (user + system) / 1_000 / Math.max(1, now() - measuredAt);
    usage = process.cpuUsage();
    measuredAt = now();
    const sum = counts.reduce((total, count) => total + count, 0);
    const concurrency = sum / Math.max(1, counts.length);
    counts.length = 0;
    give({ memoryBytes: process.memoryUsage.rss(), cpuShare, concurrency });
  });
}

/** Questions that wait for their answers. */
class Questions {
  readonly #send: (id: number, question: unknown) => void;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #nextId = 1;

  constructor(send: (id: number, question: unknown) => void) {
    this.#send = send;
  }

  ask(question: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      const id = this.#nextId;
      this.#nextId += 1;
      this.#waiting.set(id, resolve);
      this.#send(id, question);
    });
  }

  answered(id: number, answer: unknown): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
