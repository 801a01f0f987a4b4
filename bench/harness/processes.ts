/**
 * The processes of a benchmark: started here, ended by their pid, and never outliving the run.
 *
 * (P1) A child that is a Node process talks over IPC and exits when its parent is gone.
 * (P2) Any other program is killed when this process exits, however it exits.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** How long a child may take to get ready, and to stop before it is killed. */
const readyMsMax = 60_000;
const stopMsMax = 3_000;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(130));
}

/** A started program. */
export interface Program {
  readonly pid: number;
  /** Sends it a signal; nothing happens if it has ended. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** A started Node process of ours. */
export interface Worker extends Program {
  /** What it said when it was ready. */
  readonly address: string;
  /** Sends a request and waits for the answer; one at a time. */
  ask<Answer>(request: unknown): Promise<Answer>;
}

/** Messages of a worker to its parent. */
export type WorkerMessage =
  | { readonly kind: "ready"; readonly address: string }
  | { readonly kind: "answer"; readonly value: unknown };

/** Starts a module as a Node process and waits until it says that it is ready. Its output goes to stderr. */
export async function startWorker(module: URL, args: readonly string[]): Promise<Worker> {
  const flags = (process.env.DURE_BENCH_NODE_FLAGS ?? "").split(" ").filter(Boolean);
  const child = spawn(
    process.execPath,
    ["--conditions=dure-source", "--no-warnings", ...flags, module.pathname, ...args],
    { stdio: ["ignore", 2, 2, "ipc"], env: { ...process.env, NODE_ENV: "production" } },
  );
  const program = track(child, [module.pathname, ...args].join(" "));
  const receive = async <Message extends WorkerMessage["kind"]>(kind: Message) => {
    const message = (await program.orExit(once(child, "message"))) as [WorkerMessage];
    if (message[0].kind !== kind) throw new Error(`${module.pathname} sent ${message[0].kind}`);
    return message[0] as Extract<WorkerMessage, { kind: Message }>;
  };
  const { address } = await withinMs(readyMsMax, receive("ready"), module.pathname);
  return {
    ...program,
    address,
    async ask<Answer>(request: unknown) {
      const answer = receive("answer");
      child.send(request as object);
      return (await answer).value as Answer;
    },
  };
}

/** Where a program is started. */
export interface ProgramOptions {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its output is dropped; otherwise it goes to stderr. */
  readonly isQuiet?: boolean;
  /** Where it listens. Default 127.0.0.1. */
  readonly host?: string;
}

/** Starts any other program and waits until something accepts connections on `port`. */
export async function startProgram(
  command: string,
  args: readonly string[],
  port: number,
  { env = {}, isQuiet = false, host = "127.0.0.1" }: ProgramOptions = {},
): Promise<Program> {
  const output = isQuiet ? "ignore" : 2;
  const child = spawn(command, args, {
    stdio: ["ignore", output, output],
    env: { ...process.env, ...env },
  });
  const program = track(child, command);
  let isOver = false;
  const accepting = (async () => {
    while (!isOver && !(await accepts(host, port))) await pause(20);
  })();
  try {
    await withinMs(readyMsMax, program.orExit(accepting), command);
  } finally {
    isOver = true;
  }
  return program;
}

function track(child: ChildProcess, name: string) {
  running.add(child);
  const exited = new Promise<never>((_, reject) => {
    child.on("error", (error) => reject(new Error(`${name}: ${error.message}`)));
    child.on("exit", (code, signal) => {
      running.delete(child);
      reject(new Error(`${name} ended early (${signal ?? code}); see its lines above`));
    });
  });
  exited.catch(() => undefined); // it ends at the end of every run; only whoever waits for something else minds
  return {
    pid: child.pid ?? 0,
    signal: (name: NodeJS.Signals) => void child.kill(name),
    orExit: <Value>(promise: Promise<Value>) => Promise.race([promise, exited]),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const killTimer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
      await gone;
      clearTimeout(killTimer);
    },
  };
}

async function withinMs<Value>(
  limitMs: number,
  promise: Promise<Value>,
  name: string,
): Promise<Value> {
  const stopClock = new AbortController();
  const late = pause(limitMs, undefined, { signal: stopClock.signal, ref: false }).then(() => {
    throw new Error(`${name} was not ready within ${limitMs} ms`);
  });
  late.catch(() => undefined); // the clock is stopped below when the other side won
  try {
    return await Promise.race([promise, late]);
  } finally {
    stopClock.abort();
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on("connect", () => settle(true)).on("error", () => settle(false));
  });
}
