import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { companionBudget } from "../../src/mesh/core/retry-budget.ts";
import { createNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { createMemoryNetwork } from "../../src/wire/index.ts";
import { until } from "../support/until.ts";

const By = z.object({ by: z.string() });
const echo = contract("echo", { find: op({ output: By, idempotent: true }) });

const SlowBy = z.object({ by: z.string() });
const slow = contract("slow", { find: op({ output: SlowBy, idempotent: true }) });

test("where every instance is slow, only a few calls are asked twice", async (context) => {
  const network = createMemoryNetwork();
  const mesh = "slow";
  const transport = network.at("distributor");
  const distributor = await createDistributor({ mesh, port: 9100, transport });
  context.after(() => distributor.close());
  let begun = 0;
  const find = () => {
    begun += 1;
    return new Promise<never>(() => {});
  };
  const join = async (name: string, hosts: boolean) => {
    const node = await createNode({
      name,
      mesh,
      distributors: [{ host: "127.0.0.1", port: 9100 }],
      transport: network.at(name),
      services: hosts ? [service(slow, ({ handle }) => handle({ find }))] : [],
    });
    context.after(() => node.close());
    return node;
  };
  await join("first", true);
  await join("second", true);
  const caller = await join("caller", false);
  await until("both are known", () => caller.registry.instancesOf("slow").length === 2);
  const count = 100;
  const calls = Array.from({ length: count }, () =>
    caller.client(slow).find(undefined, { deadlineMs: 3_000 }).result(),
  );
  const results = await Promise.all(calls);
  assert.ok(results.every(({ ok }) => !ok));
  // A twentieth of the calls, what can be saved up, and one a second.
  const { burst, share, floorPerSecond } = companionBudget;
  const most = count * (1 + share) + burst + 10 * floorPerSecond;
  assert.ok(begun > count && begun <= most, `${begun} of at most ${most}`);
});

test("a call whose instance falls silent is asked elsewhere, also where there was no link to anybody else", async (context) => {
  const network = createMemoryNetwork();
  const mesh = "companions";
  const distributor = await createDistributor({
    mesh,
    port: 9100,
    transport: network.at("distributor"),
  });
  context.after(() => distributor.close());
  const join = async (name: string, find: (() => Promise<{ by: string }>) | undefined) => {
    const node = await createNode({
      name,
      mesh,
      distributors: [{ host: "127.0.0.1", port: 9100 }],
      transport: network.at(name),
      services: find ? [service(echo, ({ handle }) => handle({ find }))] : [],
    });
    context.after(() => node.close());
    return node;
  };
  let hasBegun = false;
  await join("first", () => {
    hasBegun = true;
    return new Promise(() => {});
  });
  const caller = await join("caller", undefined);
  const answer = caller.client(echo).find();
  await until("the call is at work", () => hasBegun);
  await join("second", async () => ({ by: "second" }));
  await until("both are known", () => caller.registry.instancesOf("echo").length === 2);
  network.partition((one, other) => [one, other].includes("first"));
  assert.deepEqual(await answer, { by: "second" });
});
