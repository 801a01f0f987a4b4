/**
 * The other end: a process that obeys its supervisor. It ignores SIGINT and SIGHUP, which a terminal sends to the whole group,
 * and stops when it is told to, on SIGTERM, or when the supervisor is gone: nobody adopts it, so it drains and exits.
 */
import { after, asError, DureError, every, now } from "../kit/index.ts";
import type { MetricFamily } from "../telemetry/index.ts";
import type { FromChild, ToChild, Vitals } from "./messages.ts";

/** A stop that takes longer than its requests may, and this, is cut off; the supervisor would kill a second later. In ms. */
const graceMs = 1_000;
/** Signs of life are this far apart, in ms. */
const vitalsMs = 1_000;

/** A process's line to its supervisor. */
export interface SupervisorLink {
  /** The work to do, as the supervisor described it. */
  readonly spec: unknown;
  /** How long its requests may take once it is told to stop, in ms. */
  readonly drainMs: number;
  /** From now on it counts as ready; it listens there, if anywhere. */
  ready(address?: { readonly host: string; readonly port: number }): void;
  /** Tells whoever runs the supervisor something. */
  tell(details: unknown): void;
  /** Asks whoever runs the supervisor. */
  ask(question: unknown): Promise<unknown>;
  /** What it counts and measures, read when the supervisor asks. Default: nothing. */
  offerMetrics(read: () => readonly MetricFamily[]): void;
  /** What to do before the process ends. */
  onStop(stop: () => Promise<void>): void;
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
  let stop: (() => Promise<void>) | undefined;
  let isStopping = false;
  let drainMs = 0;
  let readMetrics = (): readonly MetricFamily[] => [];

  const send = (message: FromChild): Promise<void> =>
    new Promise((resolve) => {
      // A supervisor that is gone is noticed by "disconnect"; nothing else is to be done about a message to it.
      if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
      else resolve();
    });
  const questions = new Questions((id, question) => void send({ kind: "ask", id, question }));
  const end = async () => {
    if (isStopping) return;
    isStopping = true;
    after(drainMs + graceMs, () => process.exit(1));
    let exitCode = 0;
    try {
      await stop?.();
    } catch (thrown) {
      process.stderr.write(`did not stop cleanly: ${asError(thrown).stack}\n`);
      exitCode = 1;
    }
    process.exit(exitCode);
  };

  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
  for (const event of ["SIGTERM", "disconnect"] as const) process.on(event, end);
  const spec = await new Promise<unknown>((resolve) => {
    process.on("message", (message: ToChild) => {
      if (message.kind === "start") {
        drainMs = message.drainMs;
        resolve(message.spec);
      }
      if (message.kind === "stop") void end();
      if (message.kind === "answer") questions.answered(message.id, message.answer);
      if (message.kind === "read-metrics")
        void send({ kind: "metrics", id: message.id, families: readMetrics() });
    });
  });

  return {
    spec,
    drainMs,
    ready(address) {
      void send({ kind: "ready", ...address });
      giveSignsOfLife((vitals) => void send({ kind: "vitals", ...vitals }));
    },
    tell: (details) => void send({ kind: "tell", details }),
    ask: (question) => questions.ask(question),
    offerMetrics: (read) => {
      readMetrics = read;
    },
    onStop: (listener) => {
      stop = listener;
    },
    fail: (error, exitCode) => {
      void send({ kind: "failed", message: error.message, exitCode }).then(() =>
        process.exit(exitCode),
      );
    },
  };
}

/** Now and once a second from now on. */
function giveSignsOfLife(give: (vitals: Vitals) => void): void {
  let usage = process.cpuUsage();
  let measuredAt = now();
  give({ memoryBytes: process.memoryUsage.rss(), cpuShare: 0 });
  every(vitalsMs, () => {
    const { user, system } = process.cpuUsage(usage);
    const cpuShare = (user + system) / 1_000 / Math.max(1, now() - measuredAt);
    usage = process.cpuUsage();
    measuredAt = now();
    give({ memoryBytes: process.memoryUsage.rss(), cpuShare });
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
