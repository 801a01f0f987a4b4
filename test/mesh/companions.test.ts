import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { createNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { createMemoryNetwork } from "../../src/wire/index.ts";
import { until } from "../support/until.ts";

const By = z.object({ by: z.string() });
const echo = contract("echo", { find: op({ output: By, idempotent: true }) });

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
