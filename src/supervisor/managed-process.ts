/**
 * One supervised process: drives the state machine of `core/process-state.ts` with a real process, its IPC channel and a
 * timer. Owns the process: nobody else signals it. Its output goes line by line to `onLine`.
 */
import { type ChildProcess, type SendHandle, type StdioOptions, spawn } from "node:child_process";
import { after, asError, now, type Timer } from "../kit/index.ts";
import type { MetricFamily } from "../telemetry/index.ts";
import type { Arrival } from "./arrival.ts";
import { type ExitReport, lateReason, overweightReason } from "./core/exit-report.ts";
import { splitLines } from "./core/line-splitter.ts";
import {
  initialState,
  type ProcessEvent,
  type ProcessPhase,
  type ProcessState,
  step,
} from "./core/process-state.ts";
import { Handover } from "./handover.ts";
import { type FromChild, isFromChild, type ToChild, type Vitals } from "./messages.ts";
import { MetricsReader } from "./metrics-reader.ts";
import { drainMsWithin, type RestartPolicy } from "./options.ts";
import type { ListeningHandle } from "./shared-listener.ts";
import { giveWay } from "./start-priority.ts";

/** Output that is still in the pipe when a process is gone is waited for so long, in ms: a grandchild may hold the pipe. */
const outputMsMax = 500;
/** A timer that fires later than this says that this process stood still, and nothing of the others. In ms. */
const latenessMsMax = 1_000;

/** How to start a process. */
export interface ProcessSpec {
  /** `products-1`: unique in a fleet. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** It is ended in order and started anew when it needs more, in bytes. */
  readonly memoryBytesMax?: number | undefined;
  /** Sent to it as the first message; made anew for each start. */
  spec(): unknown;
  /** The socket that it accepts connections from once it is ready. */
  readonly listener?: (() => ListeningHandle | undefined) | undefined;
}

/** What happens to a process, for whoever shows it. */
export interface ProcessListener {
  onLine(process: ManagedProcess, line: string): void;
  onPhase(process: ManagedProcess, phase: ProcessPhase): void;
  onTold(process: ManagedProcess, details: unknown): void;
  /** The answer to a question of the process, or a promise of it. */
  onAsked(process: ManagedProcess, question: unknown): unknown;
}

export class ManagedProcess {
  readonly name: string;
  readonly #spec: ProcessSpec;
  readonly #policy: RestartPolicy;
  readonly #listener: ProcessListener;
  #state: ProcessState = initialState;
  #child: ChildProcess | undefined;
  #handover: Handover | undefined;
  #timer: Timer | undefined;
  #port: number | undefined;
  #host: string | undefined;
  #message: string | undefined;
  #lastExit: ExitReport | undefined;
  #spawnedAt = 0;
  #vitals: Vitals | undefined;
  #isForced = false;
  readonly #metrics = new MetricsReader((id) => this.#send({ kind: "read-metrics", id }));
  #isReplaced = false;
  #givesWay = false;
  /** Ends the giving way of a start. */
  #goFirst = () => {};
  readonly #onStopped: (() => void)[] = [];

  constructor(spec: ProcessSpec, policy: RestartPolicy, listener: ProcessListener) {
    this.name = spec.name;
    this.#spec = spec;
    this.#policy = policy;
    this.#listener = listener;
  }

  get phase(): ProcessPhase {
    return this.#state.phase;
  }

  get restarts(): number {
    return this.#state.restarts;
  }

  /** The running process, if there is one. */
  get pid(): number | undefined {
    return this.#state.isAlive ? this.#child?.pid : undefined;
  }

  /** The port it said it listens on. */
  get port(): number | undefined {
    return this.#port;
  }

  /** The address it said it listens on. */
  get host(): string | undefined {
    return this.#host;
  }

  /** Since when the running process is there, in ms. */
  get uptimeMs(): number | undefined {
    return this.#state.isAlive ? now() - this.#spawnedAt : undefined;
  }

  /** What the running process said last of what it needs. */
  get vitals(): Vitals | undefined {
    return this.#state.isAlive ? this.#vitals : undefined;
  }

  /** How it ended the last time. */
  get lastExit(): ExitReport | undefined {
    return this.#lastExit;
  }

  /** Whether it had to be killed because it did not stop in time. */
  get isForced(): boolean {
    return this.#isForced;
  }

  /** What it counts and measures; nothing if it does not answer within a second. */
  metrics(): Promise<readonly MetricFamily[]> {
    return this.phase === "ready" ? this.#metrics.read() : Promise.resolve([]);
  }

  /** `givesWay`: until it is ready, processes that serve have the processor first. */
  start(givesWay = false): void {
    this.#givesWay = givesWay;
    this.#apply("start");
    this.#givesWay = false;
  }

  /** Lets the process end in order and starts it anew. */
  restart(): void {
    this.#apply("restart");
  }

  /** Ends it at once. */
  kill(): void {
    this.#apply("kill");
  }

  /** Gives it a connection; calls `onLost` if it ends before it has it. */
  hand(arrival: Arrival, onLost: () => void): void {
    if (this.#handover) this.#handover.give(arrival, onLost);
    else onLost();
  }

  /** Before it is ready: the socket that it accepts connections from then, until it stops. */
  listenAt(handle: ListeningHandle): void {
    this.#send({ kind: "listen" }, handle);
  }

  /**
   * Asks it to stop; resolves when it is gone and its output is written. `isReplaced`: another does its work from now on, so that it
   * need not hurry.
   */
  stop(isReplaced = false): Promise<void> {
    this.#isReplaced = isReplaced;
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      this.#apply("stop");
      if (this.#state.phase === "stopped" && !this.#child) this.#tellStopped();
    });
  }

  #apply(kind: ProcessEvent["kind"]): void {
    const former = this.#state;
    const { state, effect } = step(this.#state, { kind, at: now() }, this.#policy);
    this.#state = state;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (state.wakeAt !== undefined) this.#timer = this.#wakeAt(state.wakeAt);
    if (effect === "spawn") this.#spawn();
    if (effect === "ask-to-stop") this.#send({ kind: "stop", isReplaced: this.#isReplaced });
    if (effect === "kill") {
      this.#isForced = true;
      if (kind === "timer") this.#message ??= lateReason(former.phase, this.#policy);
      this.#child?.kill("SIGKILL");
    }
    if (state.phase !== former.phase) this.#listener.onPhase(this, state.phase);
  }

  #wakeAt(dueAt: number): Timer {
    return after(Math.max(0, Math.ceil(dueAt - now())), () => {
      // Signs of life that came meanwhile lie in the channel still.
      const isLate = now() - dueAt > latenessMsMax && this.phase === "ready";
      this.#apply(isLate ? "beat" : "timer");
    });
  }

  #spawn(): void {
    this.#spawnedAt = now();
    this.#vitals = undefined;
    this.#port = undefined;
    this.#host = undefined;
    this.#message = undefined;
    this.#isForced = false;
    this.#isReplaced = false;
    const { file, args, environment } = this.#spec;
    const stdio: StdioOptions = ["ignore", "pipe", "pipe", "ipc"];
    const child = spawn(file, args, { env: environment, stdio });
    this.#child = child;
    const isUnhurried = this.#givesWay;
    if (isUnhurried && child.pid !== undefined) this.#goFirst = giveWay(child.pid);
    const handover = new Handover(child);
    this.#handover = handover;
    const onLine = (line: string) => this.#listener.onLine(this, line);
    const splitters = [child.stdout, child.stderr].map((stream) => splitLines(stream, onLine));
    let hasExited = false;
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
      if (hasExited) return;
      hasExited = true;
      this.#goFirst();
      handover.end();
      const closed = () => {
        timer.cancel();
        if (this.#child !== child) return;
        this.#child = undefined;
        for (const splitter of splitters) splitter.end();
        this.#lastExit = { code, signal, message: this.#message };
        this.#apply("exited");
        if (this.#state.phase === "stopped") this.#tellStopped();
      };
      const timer = after(outputMsMax, closed);
      child.once("close", closed);
    };
    child.on("exit", onExit);
    child.on("message", (message) => this.#onMessage(message));
    child.on("error", (error) => {
      // Also emitted for a message that could not be sent; then "exit" or "disconnect" tells the rest.
      if (child.pid !== undefined) return;
      this.#message = `it could not be started: ${error.message}`;
      onExit(null, null);
      child.emit("close");
    });
    const drainMs = drainMsWithin(this.#policy.stopMsMax);
    if (child.pid === undefined) return;
    const start = { kind: "start", spec: this.#spec.spec(), drainMs, isUnhurried } as const;
    this.#send(start, this.#spec.listener?.());
  }

  #send(message: ToChild, handle?: ListeningHandle): void {
    // A process that is just ending cannot be told anything; its exit is what matters then.
    if (this.#child?.connected) this.#child.send(message, handle as SendHandle, () => {});
  }

  #onMessage(message: unknown): void {
    if (!isFromChild(message)) return;
    switch (message.kind) {
      case "ready":
        this.#goFirst();
        this.#port = message.port;
        this.#host = message.host;
        return this.#apply("ready");
      case "failed":
        this.#message = message.message;
        return;
      case "ask":
        void this.#answer(message);
        return;
      case "metrics":
        return this.#metrics.answered(message.id, message.families);
      case "taken":
        return this.#handover?.taken(message.id);
      case "vitals":
        return this.#onVitals(message);
      case "tell":
        return this.#listener.onTold(this, message.details);
    }
  }

  #onVitals(vitals: Vitals): void {
    this.#vitals = vitals;
    const { memoryBytesMax = Number.POSITIVE_INFINITY } = this.#spec;
    if (vitals.memoryBytes <= memoryBytesMax || this.phase !== "ready") return this.#apply("beat");
    this.#message = overweightReason(vitals.memoryBytes, memoryBytesMax);
    this.#apply("overweight");
  }

  async #answer({ id, question }: Extract<FromChild, { kind: "ask" }>): Promise<void> {
    try {
      this.#send({ kind: "answer", id, answer: await this.#listener.onAsked(this, question) });
    } catch (thrown) {
      this.#message = asError(thrown).message;
      this.kill();
    }
  }

  #tellStopped(): void {
    for (const listener of this.#onStopped.splice(0)) listener();
  }
}
