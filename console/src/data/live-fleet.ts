/**
 * Follows the fleet for as long as somebody is signed in. Owns the one stream, its silence timer and its back-off: 1 s doubling to 10 s.
 * The server speaks at least every ten seconds, so 25 s of silence is a broken connection.
 */
import { signal } from "@preact/signals";
import { client } from "./client.ts";
import { connection } from "./connection.ts";
import { reasonOf } from "./errors.ts";
import { applied, emptyFleet, type FleetPicture } from "./fleet-state.ts";
import { perFrame } from "./frame.ts";
import { noticeFailure, session } from "./session.ts";
import { keepTotals } from "./totals.ts";

export const fleet = signal<FleetPicture>(emptyFleet);

const silenceMsMax = 25_000;
const backOffMsFirst = 1_000;
const backOffMsMax = 10_000;

let latest = emptyFleet;
const show = perFrame(() => {
  fleet.value = latest;
});
let retryNow = () => {};

/** Starts again at once instead of after the back-off. */
export function reconnect(): void {
  retryNow();
}

/** Follows until the session ends. */
export async function followFleet(): Promise<void> {
  let backOffMs = backOffMsFirst;
  while (session.value.kind === "in") {
    try {
      await followOnce(() => {
        backOffMs = backOffMsFirst;
      });
      await lost("The server ended the connection.", backOffMs);
    } catch (thrown) {
      noticeFailure(thrown);
      await lost(reasonOf(thrown), backOffMs);
    }
    backOffMs = Math.min(backOffMs * 2, backOffMsMax);
  }
}

async function followOnce(onNews: () => void): Promise<void> {
  const controller = new AbortController();
  let silence = 0;
  try {
    const { signal } = controller;
    for await (const update of client.fleet(undefined, { signal })) {
      clearTimeout(silence);
      silence = window.setTimeout(() => controller.abort(), silenceMsMax);
      latest = applied(latest, update);
      keepTotals(update);
      if (connection.value.kind !== "live") connection.value = { kind: "live" };
      onNews();
      show();
    }
  } finally {
    clearTimeout(silence);
    controller.abort();
  }
}

function lost(why: string, waitMs: number): Promise<void> {
  const { value } = connection;
  const since = value.kind === "lost" ? value.since : Date.now();
  connection.value = { kind: "lost", since, retryAt: Date.now() + waitMs, why };
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    retryNow = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
