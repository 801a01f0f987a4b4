import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";
import { echo, startEcho } from "./support/echo.ts";

const deadlineMs = 1_000;
const measuredMs = 2_500;

/** Calls a second that one busy instance answers when it always has something to do. */
async function capacityOf(caller: MeshNode): Promise<number> {
  let answered = 0;
  const startedAt = performance.now();
  const lane = async () => {
    while (performance.now() - startedAt < measuredMs) {
      await caller.client(echo).say({ text: "x" }, { deadlineMs });
      answered += 1;
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  return (answered * 1_000) / (performance.now() - startedAt);
}

/** Who has never been refused anything. */
async function startCaller(t: TestContext, port: number): Promise<MeshNode> {
  const caller = await createNode({
    name: "caller",
    mesh: "faults",
    distributors: [{ host: "127.0.0.1", port }],
  });
  t.after(() => caller.close());
  await until("it is known", () => caller.registry.instancesOf("echo").length === 1);
  return caller;
}

test("offered three times what one instance can do, it does at least 80 % of that in time, and the important calls are answered", async (t) => {
  const distributor = await createDistributor({ mesh: "faults", port: 0 });
  const child = await startEcho(distributor.port, "echo-1", "busy");
  t.after(async () => {
    child.kill("SIGKILL");
    await distributor.close();
  });
  const caller = await startCaller(t, distributor.port);
  const capacityBefore = await capacityOf(caller);

  const counts = { usual: { made: 0, ok: 0 }, important: { made: 0, ok: 0 } };
  const codes = new Map<string, number>();
  const calls: Promise<void>[] = [];
  const say = async (kind: "usual" | "important") => {
    const count = counts[kind];
    count.made += 1;
    const priority = kind === "important" ? 0 : 3;
    const result = await caller.client(echo).say({ text: "x" }, { deadlineMs, priority }).result();
    if (result.ok) count.ok += 1;
    else codes.set(result.error.code, (codes.get(result.error.code) ?? 0) + 1);
  };
  const startedAt = performance.now();
  const gapMs = 1_000 / (3 * capacityBefore);
  for (let call = 0; performance.now() - startedAt < 2 * measuredMs; call += 1) {
    calls.push(say(call % 20 === 0 ? "important" : "usual"));
    const aheadMs = startedAt + call * gapMs - performance.now();
    if (aheadMs > 1) await pause(aheadMs);
  }
  await Promise.all(calls);
  const { usual, important } = counts;
  const goodput = ((usual.ok + important.ok) * 1_000) / (performance.now() - startedAt);
  // A machine that is slower now than it was before was not as able meanwhile either.
  const capacityAfter = await capacityOf(await startCaller(t, distributor.port));
  const capacity = Math.min(capacityBefore, capacityAfter);
  const said = `capacity ${capacity.toFixed(0)}/s, goodput ${goodput.toFixed(0)}/s, ${JSON.stringify(counts)}, ${JSON.stringify([...codes])}`;
  t.diagnostic(said);
  assert.ok(goodput >= 0.8 * capacity, said);
  assert.ok(important.ok >= 0.95 * important.made, said);
});
