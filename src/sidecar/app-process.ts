/**
 * The program: started, watched, and started again by the rules of the supervisor. Owns the process; nobody else signals it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { after, now, type Timer } from "../kit/index.ts";
import {
  defaultPolicy,
  initialState,
  LineSplitter,
  type ProcessEvent,
  type ProcessState,
  step,
} from "../supervisor/index.ts";

/** What a program needs. */
export interface AppProcessOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether it answers. */
  isHealthy(): Promise<boolean>;
  onLine(line: string): void;
  /** It can be called. */
  onUp(): void;
  /** It cannot be called any more; `why` in words for people. */
  onDown(why: string): void;
}

const probeEveryMs = 50;
/** A program of another language gives no signs of life of its own, so its silence says nothing. */
const policy = { ...defaultPolicy, silenceMsMax: Number.POSITIVE_INFINITY };

export class AppProcess {
  readonly #options: AppProcessOptions;
  #state: ProcessState = initialState;
  #child: ChildProcess | undefined;
  #timer: Timer | undefined;
  #probe: Timer | undefined;
  #onStopped: (() => void) | undefined;

  constructor(options: AppProcessOptions) {
    this.#options = options;
  }

  start(): void {
    this.#apply("start");
  }

  /** Asks it to end (SIGTERM); resolves when it is gone. After 12 s it is killed. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStopped = resolve;
      this.#apply("stop");
      if (!this.#child) resolve();
    });
  }

  #apply(kind: ProcessEvent["kind"]): void {
    const { state, effect } = step(this.#state, { kind, at: now() }, policy);
    this.#state = state;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (state.wakeAt !== undefined)
      this.#timer = after(Math.max(0, Math.ceil(state.wakeAt - now())), () => this.#apply("timer"));
    if (effect === "spawn") this.#spawn();
    if (effect === "ask-to-stop") this.#child?.kill("SIGTERM");
    if (effect === "kill") this.#child?.kill("SIGKILL");
  }

  #spawn(): void {
    const { command, cwd, environment, onLine } = this.#options;
    const [file, ...args] = command;
    const child = spawn(file, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: environment as NodeJS.ProcessEnv,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      const splitter = new LineSplitter(onLine);
      stream
        .on("data", (chunk: Uint8Array) => splitter.push(chunk))
        .on("end", () => splitter.end());
    }
    let isOver = false;
    const onEnd = (why: string) => {
      if (isOver) return;
      isOver = true;
      this.#onEnd(why);
    };
    child.on("error", (error) => onEnd(`it could not be started: ${error.message}`));
    child.on("exit", (code, signal) =>
      onEnd(signal ? `it was ended by ${signal}` : `it exited with code ${code}`),
    );
    this.#watch(child);
  }

  /** Asks until it answers, or is not there any more. */
  #watch(child: ChildProcess): void {
    this.#options.isHealthy().then((isHealthy) => {
      if (this.#child !== child || this.#state.phase !== "starting") return;
      if (!isHealthy) {
        this.#probe = after(probeEveryMs, () => this.#watch(child));
        return;
      }
      this.#apply("ready");
      this.#options.onUp();
    }, this.#options.onDown);
  }

  #onEnd(why: string): void {
    const wasReady = this.#state.phase === "ready";
    this.#child = undefined;
    this.#probe?.cancel();
    this.#apply("exited");
    if (wasReady || this.#state.phase !== "stopped") this.#options.onDown(why);
    this.#onStopped?.();
  }
}
