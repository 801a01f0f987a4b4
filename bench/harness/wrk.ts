import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What wrk measured in one round. Latencies in milliseconds. */
export interface WrkResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx or 3xx, and socket errors: a benchmark with any is not a result. */
  readonly failures: number;
}

/** One thread, because the machine's cores belong to the edge and the service. */
const threads = 1;
const connectionsUsual = 64;

/** What differs from the usual load: 64 connections that ask for one URL as often as they can. */
export interface WrkLoad {
  readonly connections?: number | undefined;
  readonly headers?: readonly string[] | undefined;
  /** A Lua script that makes the requests. */
  readonly script?: string | undefined;
}

const unitMs: Record<string, number> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };

/** Runs wrk against `url` for `seconds`. */
export async function runWrk(
  url: string,
  seconds: number,
  { connections = connectionsUsual, headers = [], script }: WrkLoad = {},
): Promise<WrkResult> {
  const args = [
    ...[`-t${threads}`, `-c${connections}`, `-d${seconds}s`, "--latency"],
    ...headers.flatMap((header) => ["-H", header]),
    ...(script === undefined ? [] : ["-s", script]),
    url,
  ];
  const { stdout } = await promisify(execFile)("wrk", args);
  return parseWrk(stdout);
}

/** Reads wrk's report. Throws when it is not one. */
export function parseWrk(report: string): WrkResult {
  const find = (pattern: RegExp): string[] => {
    const found = pattern.exec(report);
    if (!found) throw new Error(`wrk reported nothing like ${pattern}:\n${report}`);
    return found.slice(1);
  };
  const latencyMs = (share: string): number => {
    const [value, unit] = find(new RegExp(`^\\s+${share}%\\s+([\\d.]+)(us|ms|s|m) *$`, "m"));
    return Number(value) * (unitMs[unit ?? ""] ?? Number.NaN);
  };
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0;
  const socketErrors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(report)?.slice(1) ??
    [];
  return {
    requests: Number(find(/(\d+) requests in/)[0]),
    requestsPerSecond: Number(find(/Requests\/sec:\s+([\d.]+)/)[0]),
    p50Ms: latencyMs("50"),
    p99Ms: latencyMs("99"),
    failures: socketErrors.reduce((sum, text) => sum + Number(text), Number(bad)),
  };
}
