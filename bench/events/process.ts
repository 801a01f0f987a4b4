/** The publisher's or the subscriber's process of one peer: `process.ts <file> <address>`. */
import { setTimeout as pause } from "node:timers/promises";
import { measure, type RoundRequest } from "../calls/load.ts";
import { percentile } from "../harness/statistics.ts";
import { workFor } from "../harness/worker.ts";
import { monotonicMs, type Note, noteOf } from "./note.ts";
import type { EventPeer } from "./peer.ts";

/** What such a process is asked. */
export type EventRequest =
  /** Keep so many in flight. */
  | ({ readonly kind: "load" } & RoundRequest)
  /** Publish at a steady rate; answers how many. */
  | { readonly kind: "steady"; readonly perSecond: number; readonly forMs: number }
  /** Take so many events from the beginning; answers how many a second. */
  | { readonly kind: "consume"; readonly group: string; readonly count: number }
  /** Take what comes from now on. */
  | { readonly kind: "listen"; readonly group: string }
  /** So many have come: answers how long after they were published. */
  | { readonly kind: "heard"; readonly count: number };

/** From publish to handler. */
export interface Heard {
  readonly p50Us: number;
  readonly p99Us: number;
}

const heardMsMax = 10_000;
const [file = "", address = ""] = process.argv.slice(2);
const { default: peer }: { default: EventPeer } = await import(`./${file}`);
let publish: ((note: Note) => Promise<unknown>) | undefined;
let stop: (() => Promise<void>) | undefined;
let delaysUs: number[] = [];

async function steady(perSecond: number, forMs: number): Promise<number> {
  const send = await publisher();
  const startedAt = monotonicMs();
  const count = (perSecond * forMs) / 1_000;
  const answers: Promise<unknown>[] = [];
  while (answers.length < count) {
    const due = Math.min(count, Math.floor(((monotonicMs() - startedAt) * perSecond) / 1_000));
    while (answers.length < due) {
      // When it should have been published: a publisher that is late is no excuse.
      const dueAt = startedAt + (answers.length * 1_000) / perSecond;
      answers.push(send(noteOf(answers.length, dueAt)));
    }
    await pause(1);
  }
  await Promise.all(answers);
  return count;
}

async function consume(group: string, count: number): Promise<number> {
  let seen = 0;
  let firstAt = 0;
  let lastAt = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onNote = () => {
    seen += 1;
    if (seen === 1) firstAt = monotonicMs();
    if (seen !== count) return;
    lastAt = monotonicMs();
    resolve();
  };
  const end = await peer.subscribe(address, { group, start: "beginning", onNote });
  await promise;
  await end();
  return ((count - 1) * 1_000) / (lastAt - firstAt);
}

async function listen(group: string): Promise<void> {
  delaysUs = [];
  const onNote = ({ atUs }: Note) => void delaysUs.push(monotonicMs() * 1_000 - atUs);
  stop = await peer.subscribe(address, { group, start: "now", onNote });
}

async function heard(count: number): Promise<Heard> {
  const giveUpAt = monotonicMs() + heardMsMax;
  while (delaysUs.length < count && monotonicMs() < giveUpAt) await pause(10);
  await stop?.();
  if (delaysUs.length !== count) throw new Error(`${delaysUs.length} of ${count} events came`);
  const sorted = delaysUs.sort((one, other) => one - other);
  return { p50Us: percentile(sorted, 0.5), p99Us: percentile(sorted, 0.99) };
}

async function publisher() {
  publish ??= await peer.connect(address);
  return publish;
}

workFor("", async (request: EventRequest) => {
  switch (request.kind) {
    case "load": {
      const send = await publisher();
      const call = async (id: number) => {
        await send(noteOf(id, monotonicMs()));
        return { id };
      };
      return measure(call, request);
    }
    case "steady":
      return steady(request.perSecond, request.forMs);
    case "consume":
      return consume(request.group, request.count);
    case "listen":
      return listen(request.group);
    case "heard":
      return heard(request.count);
  }
});
