import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type NodeOptions } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const Answer = z.object({ number: z.int() });
const numbers = (name: string) =>
  service(contract(name, { get: op({ auth: "public", output: Answer }) }), ({ handle }) =>
    handle({ get: () => ({ number: 1 }) }),
  );

async function startFleet(t: TestContext) {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  t.after(() => distributor.close());
  return async (name: string, options: Partial<NodeOptions>) => {
    const distributors = [{ host: "127.0.0.1", port: distributor.port }];
    const node = await createNode({ name, mesh: "test", distributors, ...options });
    t.after(() => node.close());
    return node;
  };
}

test("a node knows the contracts of others and its own, and keeps those of others on disk as they came", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "dure-contracts-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const start = await startFleet(t);
  const offering = await start("offering", { services: [numbers("odd")] });
  const hash = offering.registry.self.services[0]?.contractHash ?? "";
  assert.equal(offering.contractOf(hash)?.name, "odd");
  const first = await start("first", { dataDir });
  await until("the contract has come", () => first.contractOf(hash)?.name === "odd", 30_000);
  assert.deepEqual(first.contractOf(hash), offering.contractOf(hash));
  const file = join(dataDir, "contracts", `${hash}.json`);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), offering.contractOf(hash));

  const alone = await start("alone", { dataDir, distributors: [] });
  assert.equal(alone.contractOf(hash)?.name, "odd");
  writeFileSync(file, JSON.stringify({ ...offering.contractOf(hash), name: "even" }));
  const deceived = await start("deceived", { dataDir, distributors: [] });
  assert.equal(deceived.contractOf(hash), undefined);
  const told = await start("told", { dataDir });
  await until("it is asked for anew", () => told.contractOf(hash)?.name === "odd", 30_000);
});
