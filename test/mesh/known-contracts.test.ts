import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { describe } from "../../src/contract/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { contractHash } from "../../src/mesh/contract-hash.ts";
import { ContractStore } from "../../src/mesh/contract-store.ts";
import { createNode, type NodeOptions } from "../../src/mesh/index.ts";
import { createDistributor, type Registry } from "../../src/registry/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
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

test("a contract that could not be had is asked for again, of whoever offers it", async (t) => {
  const description = describe(contract("odd", { get: op({ output: Answer }) }));
  const hash = contractHash(description);
  const instances = ["silent-1", "well-1"].map((slot) => ({
    record: { slot },
    service: { name: "odd", contractHash: hash },
  }));
  const registry = {
    onChange() {},
    services: () => ["odd"],
    instancesOf: () => instances,
  } as unknown as Registry;
  const warnings: unknown[] = [];
  let failuresLeft = 2;
  const store = new ContractStore({
    ...{ registry, dataDir: undefined, isOwn: () => false },
    logger: { ...silentLogger, warn: (_, facts) => void warnings.push(facts?.reason) },
    async fetch() {
      if (failuresLeft === 0)
        return { ok: true, response: { body: JSON.stringify(description) } } as never;
      failuresLeft -= 1;
      throw new Error("no answer");
    },
  });
  t.after(() => store.close());
  await until("it has come, and nothing has changed", () => store.get(hash)?.name === "odd");
  assert.deepEqual(warnings, ["no answer"]);
});
