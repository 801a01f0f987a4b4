import type { z } from "zod";
import { every, now } from "../kit/index.ts";
import type { CollectedLog, CollectedLogsQuery, Collector } from "./collector/collector.ts";
import type { LogLine } from "./schemas/telemetry.ts";

/** A reader is told at most so often, in ms ... */
const tellMs = 500;
/** ... and at least so often, so that silence means a broken connection. */
const silenceMsMax = 10_000;
/** Lines in one item; a reader of a log that grows faster sees the newest. */
const linesMax = 200;
/** Lines that are looked at for one item: what was dropped is counted up to here. */
const lookedMax = 1_000;

/** What {@link followLogs} needs beside the collector. */
export interface LogFollowing {
  readonly query: CollectedLogsQuery;
  lineOf(log: CollectedLog): z.infer<typeof LogLine>;
  readonly signal: AbortSignal;
}

/** The lines that come in from now on, oldest first. */
export async function* followLogs(
  collector: Collector,
  { query, lineOf, signal }: LogFollowing,
): AsyncGenerator<{ lines: z.infer<typeof LogLine>[]; dropped: number }> {
  let after = collector.logs({ limit: 1 })[0]?.id ?? 0;
  let toldAt = now();
  let wake = () => {};
  const beat = every(tellMs, () => wake());
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    yield { lines: [], dropped: 0 };
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      const found = collector.logs({ ...query, after, limit: lookedMax });
      after = found[0]?.id ?? after;
      if (found.length === 0 && now() - toldAt < silenceMsMax) continue;
      toldAt = now();
      const lines = found.slice(0, linesMax).map(lineOf).reverse();
      yield { lines, dropped: found.length - lines.length };
    }
  } finally {
    beat.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
