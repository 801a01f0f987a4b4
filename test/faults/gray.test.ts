import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";
import { echo, startEcho } from "./support/echo.ts";

interface Answered {
  readonly by: string;
  readonly atMs: number;
  readonly tookMs: number;
}

/** Two instances in processes of their own, and a caller here that makes fifty calls a second, each at its time. */
async function fleet(kinds: readonly string[]) {
  const distributor: Distributor = await createDistributor({ mesh: "faults", port: 0 });
  const children = await Promise.all(
    kinds.map((kind, index) => startEcho(distributor.port, `echo-${index + 1}`, kind)),
  );
  const caller: MeshNode = await createNode({
    name: "caller",
    mesh: "faults",
    distributors: [{ host: "127.0.0.1", port: distributor.port }],
  });
  await until("both are known", () => caller.registry.instancesOf("echo").length === kinds.length);
  const answers: Answered[] = [];
  const failures: string[] = [];
  let isOver = false;
  const calls: Promise<unknown>[] = [];
  const say = async () => {
    const atMs = performance.now();
    const result = await caller.client(echo).say({ text: "x" }).result();
    if (result.ok) answers.push({ by: result.value.by, atMs, tookMs: performance.now() - atMs });
    else failures.push(`${result.error.code}: ${result.error.message}`);
  };
  const load = (async () => {
    const startedAt = performance.now();
    for (let call = 0; !isOver; call += 1) {
      calls.push(say());
      await pause(Math.max(0, startedAt + (call + 1) * 20 - performance.now()));
    }
    await Promise.all(calls);
  })();
  return {
    children,
    answers,
    failures,
    caller,
    async end() {
      isOver = true;
      await load;
    },
    async close() {
      isOver = true;
      await caller.close();
      for (const child of children) {
        child.kill("SIGCONT");
        child.kill("SIGKILL");
      }
      await distributor.close();
    },
  };
}

const percentile = (values: number[], share: number): number =>
  values.sort((left, right) => left - right)[Math.floor(values.length * share)] ?? 0;

test("a frozen instance: no call hangs or fails, it gets no new work within 2 s and work again within 5 s of waking", async (t) => {
  const { children, answers, failures, end, close } = await fleet(["well", "well"]);
  t.after(close);
  const by = (slot: string, since: number) =>
    answers.filter((answer) => answer.by === slot && answer.atMs > since).length;
  await until("both answer", () => by("echo-1", 0) > 50 && by("echo-2", 0) > 50);
  const frozenAt = performance.now();
  children[0]?.kill("SIGSTOP");
  await until("the other one answers alone", () => by("echo-2", frozenAt) > 200);
  const wokenAt = performance.now();
  children[0]?.kill("SIGCONT");
  await until("it works again", () => by("echo-1", wokenAt) > 10);
  await end();
  assert.deepEqual(failures, []);
  // What was lying in its socket when it woke up may be answered by it; nothing was sent there after the first two seconds.
  const late = answers.filter(
    ({ by: slot, atMs }) => slot === "echo-1" && atMs > frozenAt + 2_000 && atMs < wokenAt,
  );
  assert.deepEqual(late, []);
  const slowest = percentile(
    answers.map(({ tookMs }) => tookMs),
    0.99,
  );
  assert.ok(slowest < 250, `p99 was ${slowest} ms`);
});

test("an instance a hundred times slower gets little work, and no call fails", async (t) => {
  const { answers, failures, end, close } = await fleet(["well", "slow"]);
  t.after(close);
  await until("three hundred calls are answered", () => answers.length > 300);
  await end();
  assert.deepEqual(failures, []);
  const slow = answers.filter(({ by }) => by === "echo-2").length;
  assert.ok(slow < answers.length / 10, `${slow} of ${answers.length} went to the slow one`);
});

test("an instance that fails at once attracts nobody, no call fails, and once healed it works again", async (t) => {
  const { answers, failures, end, caller, close } = await fleet(["well", "broken"]);
  t.after(close);
  await until("two hundred calls are answered", () => answers.length > 200);
  assert.deepEqual(failures, []);
  assert.equal(answers.filter(({ by }) => by === "echo-2").length, 0);
  const instance = caller.registry
    .instancesOf("echo")
    .find(({ record }) => record.slot === "echo-2");
  assert.ok(instance);
  const healer = await createNode({
    name: "healer",
    mesh: "faults",
    distributors: caller.registry.distributors().map(({ address }) => address),
  });
  await until("the healer has healed it", async () => {
    await healer.client(echo).heal(undefined, { key: `${Math.random()}` });
    return answers.some(({ by }) => by === "echo-2");
  });
  await healer.close();
  await end();
  assert.deepEqual(failures, []);
});
