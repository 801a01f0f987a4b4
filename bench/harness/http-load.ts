/**
 * An open loop: requests are sent at their times, whatever became of those before them, over keep-alive connections. A request's time
 * counts from when it was due, so that a server that stands still is charged for all who would have come meanwhile.
 */
import { setTimeout as pause } from "node:timers/promises";
import { HttpConnection, type HttpOutcome } from "./http-connection.ts";
import { percentile } from "./statistics.ts";

/** What is asked, and how it counts. */
export interface HttpRequest {
  /** The whole request, head and body. */
  readonly bytes: string;
  /** Tallied together: `read` and `write`. */
  readonly kind: string;
}

/** Who is asked for what. */
export interface HttpTarget {
  readonly host: string;
  readonly port: number;
  /** Connections that are kept open; more are opened when all of them are busy. */
  readonly connections: number;
  request(index: number): HttpRequest;
}

/** A steady load, until it is aborted. */
export interface SteadyLoad extends HttpTarget {
  readonly perSecond: number;
  readonly signal: AbortSignal;
}

/** What became of the requests of one kind. */
export interface LoadTally {
  readonly requests: number;
  /** Without an answer, or with one that is no 2xx. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What became of a load. */
export interface LoadReport {
  readonly tallies: Readonly<Record<string, LoadTally>>;
  /** Of all kinds together. */
  readonly all: LoadTally;
  /** What failed said, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The part of the load in which its sender was late by more than {@link lateMs}: above a few per cent its times mean little. */
  readonly lateShare: number;
}

/** No server has this many waiting of one load; further requests wait with the sender. */
const connectionsMax = 2_048;
/** A request without an outcome by then has failed. */
const answerMsMax = 15_000;
/** A sender that is later than this is itself too slow. */
export const lateMs = 20;

interface Outcome {
  readonly kind: string;
  readonly failure: string | undefined;
  readonly tookMs: number;
}

/** Sends the load and waits until each request has come to something. */
export async function sendSteadily(load: SteadyLoad): Promise<LoadReport> {
  const pool = new ConnectionPool(load);
  const outcomes: Promise<Outcome>[] = [];
  const startedAt = performance.now();
  let late = 0;
  while (!load.signal.aborted) {
    const elapsedMs = performance.now() - startedAt;
    const due = Math.floor((elapsedMs * load.perSecond) / 1_000);
    while (outcomes.length < due) {
      const index = outcomes.length;
      const dueAt = startedAt + (index * 1_000) / load.perSecond;
      if (performance.now() - dueAt > lateMs) late += 1;
      outcomes.push(observe(pool, load.request(index), dueAt));
    }
    await pause(1);
  }
  const all = await Promise.all(outcomes);
  pool.close();
  return { ...reportOf(all), lateShare: late / Math.max(1, outcomes.length) };
}

/** Keeps a request under way on every connection and says how many were answered a second: what a server does that is never without work. */
export async function closedLoopRate(target: HttpTarget, forMs: number): Promise<number> {
  const pool = new ConnectionPool(target);
  const startedAt = performance.now();
  let answered = 0;
  let sent = 0;
  const lanes = Array.from({ length: target.connections }, async () => {
    while (performance.now() - startedAt < forMs) {
      const { kind } = await pool.ask(target.request(sent++).bytes);
      if (kind === "answered") answered += 1;
    }
  });
  await Promise.all(lanes);
  pool.close();
  return (answered * 1_000) / (performance.now() - startedAt);
}

async function observe(
  pool: ConnectionPool,
  request: HttpRequest,
  dueAt: number,
): Promise<Outcome> {
  const outcome = await pool.ask(request.bytes);
  return {
    kind: request.kind,
    failure: failureOf(outcome),
    tookMs: performance.now() - dueAt,
  };
}

function failureOf(outcome: HttpOutcome): string | undefined {
  if (outcome.kind === "reset") return `connection ${outcome.reason}`;
  if (outcome.status >= 200 && outcome.status < 300) return undefined;
  // Numbers are left out: they would make every reason a new one.
  return `${outcome.status} ${outcome.body.slice(0, 200).replaceAll(/\d+/g, "N")}`;
}

/** Connections that take turns, so that each of them stays in use. */
class ConnectionPool {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #all = new Set<HttpConnection>();
  readonly #waiting: ((connection: HttpConnection) => void)[] = [];
  #idle: HttpConnection[] = [];

  constructor({ host, port, connections }: HttpTarget) {
    this.#target = { host, port };
    this.#idle = Array.from({ length: connections }, () => this.#open());
  }

  async ask(bytes: string): Promise<HttpOutcome> {
    const connection = await this.#take();
    const outcome = await connection.ask(bytes, answerMsMax);
    if (!connection.isOpen) this.#all.delete(connection);
    this.#giveBack(connection);
    return outcome;
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #open(): HttpConnection {
    const connection = new HttpConnection(this.#target);
    this.#all.add(connection);
    return connection;
  }

  #take(): HttpConnection | Promise<HttpConnection> {
    for (;;) {
      const connection = this.#idle.shift();
      if (!connection) break;
      if (connection.isOpen) return connection;
      this.#all.delete(connection);
    }
    if (this.#all.size < connectionsMax) return this.#open();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(connection: HttpConnection): void {
    const next = this.#waiting.shift();
    if (next) next(connection.isOpen ? connection : this.#open());
    else if (connection.isOpen) this.#idle.push(connection);
  }
}

function reportOf(outcomes: readonly Outcome[]): Omit<LoadReport, "lateShare"> {
  const reasons: Record<string, number> = {};
  for (const { failure } of outcomes)
    if (failure !== undefined) reasons[failure] = (reasons[failure] ?? 0) + 1;
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  const tallies = Object.fromEntries(
    kinds.map((kind) => [kind, tallyOf(outcomes.filter((each) => each.kind === kind))]),
  );
  return { tallies, all: tallyOf(outcomes), reasons };
}

function tallyOf(outcomes: readonly Outcome[]): LoadTally {
  const times = Float64Array.from(outcomes, ({ tookMs }) => tookMs).sort();
  return {
    requests: outcomes.length,
    failed: outcomes.filter(({ failure }) => failure !== undefined).length,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    maxMs: percentile(times, 1),
  };
}
