import { DureError, now, wallTime } from "../kit/index.ts";
import { distributorRefs, type NodeRecord } from "../registry/index.ts";
import type { Client, OperationRef } from "../wire/index.ts";

const answerMsMax = 3_000;

/** By how much another clock is before this one, in ms, give or take `uncertainMs`. */
export interface ClockReading {
  readonly aheadMs: number;
  readonly uncertainMs: number;
}

/** What one Distributor knows. */
export interface DistributorAnswer extends ClockReading {
  readonly nodes: NodeRecord[];
}

/** Asks a Distributor for its nodes and its clock, and leaves. Rejects with why it cannot be asked. */
export function askDistributor(client: Client): Promise<DistributorAnswer> {
  return ask<DistributorAnswer>(client, distributorRefs.lookup);
}

const clockRef: OperationRef = { service: "$telemetry", operation: "clock", contractHash: "" };

/** Asks a node for its clock, and leaves. Rejects with why it cannot be asked. */
export function askClock(client: Client): Promise<ClockReading> {
  return ask<ClockReading>(client, clockRef);
}

/** The other clock is read between question and answer, at a moment that is uncertain by half of the time between (RFC 5905). */
async function ask<Answer>(client: Client, ref: OperationRef): Promise<Answer & ClockReading> {
  try {
    await client.connect();
    const askedAt = now();
    const outcome = await client.call(ref, { deadlineMs: answerMsMax }, "{}").outcome;
    const uncertainMs = (now() - askedAt) / 2;
    if (!outcome.ok) throw new DureError("UNAVAILABLE", outcome.failure.message);
    const answer = JSON.parse(Buffer.from(outcome.response.body).toString());
    return { ...answer, aheadMs: answer.wallTime - (wallTime() - uncertainMs), uncertainMs };
  } finally {
    client.destroy();
  }
}

/** The newest record of each node, by (incarnation, revision). */
export function newestOf(lists: readonly NodeRecord[][]): NodeRecord[] {
  const newest = new Map<string, NodeRecord>();
  for (const record of lists.flat()) {
    const known = newest.get(record.id);
    const isNewer =
      !known ||
      record.incarnation > known.incarnation ||
      (record.incarnation === known.incarnation && record.revision > known.revision);
    if (isNewer) newest.set(record.id, record);
  }
  return [...newest.values()].sort((a, b) => a.slot.localeCompare(b.slot));
}
