/**
 * Requests at a fixed rate over 64 connections, whatever the edge does: its worker is asked with a URL and tells how long they took.
 * A request that finds every connection taken waits, and that counts as its latency: a load that waits for slow answers before it asks
 * again would measure too few of them ("coordinated omission", Gil Tene).
 */
import { connect, type Socket } from "node:net";
import { percentile } from "../harness/statistics.ts";
import { workFor } from "../harness/worker.ts";

const connectionsMax = 64;
const headEnd = Buffer.from("\r\n\r\n");

/** What is asked of the worker. */
export interface SteadyLoad {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** What it tells. */
export interface SteadyResult {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  readonly failures: number;
}

async function load({ url, perSecond, seconds }: SteadyLoad): Promise<SteadyResult> {
  const { hostname, port, pathname, host } = new URL(url);
  const request = `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
  const latencies: number[] = [];
  const waiting: number[] = [];
  const idle: ((dueAt: number) => void)[] = [];
  const sockets: Socket[] = [];
  let failures = 0;
  const open = () => {
    const socket = connect(Number(port), hostname).setNoDelay();
    sockets.push(socket);
    let dueAt = 0;
    let rest: Buffer = Buffer.alloc(0);
    const send = (due: number) => {
      dueAt = due;
      socket.write(request);
    };
    socket.on("error", () => {
      failures += 1;
    });
    socket.on("data", (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = rest.indexOf(headEnd);
      if (end < 0) return;
      const head = rest.toString("latin1", 0, end).toLowerCase();
      const bodyStart = end + headEnd.length;
      const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? Number.NaN);
      const isWhole = Number.isNaN(length)
        ? rest.toString("latin1", rest.length - 5) === "0\r\n\r\n"
        : rest.length >= bodyStart + length;
      if (!isWhole) return;
      if (!head.startsWith("http/1.1 200")) failures += 1;
      latencies.push(performance.now() - dueAt);
      rest = Buffer.alloc(0);
      const next = waiting.shift();
      if (next === undefined) idle.push(send);
      else send(next);
    });
    socket.once("connect", () => idle.push(send));
  };
  for (let number = 0; number < connectionsMax; number++) open();
  const startedAt = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const time = performance.now();
      const due = Math.min((time - startedAt) / 1_000, seconds) * perSecond;
      for (; sent < due; sent += 1) {
        const send = idle.pop();
        if (send) send(time);
        else waiting.push(time);
      }
      const isOver = sent >= seconds * perSecond && latencies.length >= sent;
      if (!isOver && time - startedAt < (seconds + 5) * 1_000) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  for (const socket of sockets) socket.destroy();
  failures += sent - latencies.length;
  const sorted = Float64Array.from(latencies).sort();
  return {
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    slowestMs: percentile(sorted, 1),
    failures,
  };
}

workFor("", load);
