/** A fleet of 100 services and 1,000 instances on the screen, told of by a real Distributor, and nodes that tell too much. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createConsole } from "../../src/console/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import {
  createDistributor,
  type Distributor,
  distributorRefs,
  type NodeRecord,
} from "../../src/registry/index.ts";
import { Client } from "../../src/wire/index.ts";
import { until } from "../support/until.ts";
import { type ConsoleClient, secret, signedIn } from "./support/small-mesh.ts";

const closing: (() => unknown)[] = [];
let distributor: Distributor;
let node: MeshNode;
let client: ConsoleClient;
let url = "";

before(async () => {
  distributor = await createDistributor({ mesh: "test", port: 0 });
  closing.push(() => distributor.close());
  node = await join("console");
  const running = await createConsole({ node, secret, port: 0 });
  closing.push(() => running.close());
  url = running.url;
  client = await signedIn(url, true);
});
after(async () => {
  for (const close of closing.reverse()) await close();
});

async function join(name: string, services: Parameters<typeof createNode>[0]["services"] = []) {
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  const joined = await createNode({ name, slot: name, mesh: "test", services, distributors });
  closing.push(() => joined.close());
  return joined;
}

/** Registers an instance that nobody can reach, as a node would; gives back how it tells of another state. */
async function announce(index: number): Promise<(state: NodeRecord["state"]) => Promise<unknown>> {
  const name = `service-${index % 100}`;
  const id = `${name}-${index}`;
  const incarnation = 1_000;
  const peer = new Client({
    address: { host: "127.0.0.1", port: distributor.port },
    identity: { mesh: "test", nodeId: id, name, incarnation },
  });
  await peer.connect();
  closing.push(() => peer.destroy());
  const recordOf = (state: NodeRecord["state"], revision: number): string => {
    const record: NodeRecord = {
      ...{ id, name, slot: id, mesh: "test", incarnation, revision, state },
      ...{ host: "127.0.0.1", port: 9, zone: "", weight: 1, machine: `machine-${index % 10}` },
      ...{ urls: [], pid: index, startedAt: 1_000 },
      services: [{ name, version: "1.0.0", contractHash: "" }],
    };
    return JSON.stringify(record);
  };
  const { register, update } = distributorRefs;
  const registration = peer.openStream(register, { deadlineMs: 600_000 }, recordOf("ready", 1));
  await registration[Symbol.asyncIterator]().next();
  return (state) => peer.call(update, { deadlineMs: 10_000 }, recordOf(state, 2)).outcome;
}

test("1,000 instances come whole once; then a change is told of alone", async (context) => {
  const instances: Awaited<ReturnType<typeof announce>>[] = [];
  while (instances.length < 1_000) {
    const some = Array.from({ length: 50 }, (_, index) => announce(instances.length + index));
    instances.push(...(await Promise.all(some)));
  }
  await until("the console knows all", () => node.registry.nodes().length >= 1_000);
  const sizes: number[] = [];
  const startedAt = performance.now();
  let whole = 0;
  let changed = 0;
  for await (const update of client.fleet()) {
    sizes.push(JSON.stringify(update).length);
    context.diagnostic(
      `${Math.round(performance.now() - startedAt)} ms: ${sizes.at(-1)} characters`,
    );
    if (update.isWhole) {
      whole += 1;
      assert.equal(update.leftOut, 0);
      assert.ok(update.nodes.length >= 1_001, String(update.nodes.length));
      assert.ok((sizes[0] ?? 0) < 1_000_000, String(sizes[0]));
      await instances[7]?.("draining");
      continue;
    }
    const found = update.nodes.find(({ slot }) => slot === "service-7-7");
    if (found?.state !== "draining") continue;
    changed = update.nodes.length;
    break;
  }
  assert.equal(whole, 1);
  // Nobody answers the console's node either, so it may have found some others to be suspect meanwhile.
  assert.ok(changed >= 1 && changed < 1_000, String(changed));
});

test("a node that counts thousands of things is looked at within a bound", async () => {
  const flood = contract("flood", { ask: op({}) });
  const made = service(flood, ({ handle, metrics }) => {
    const counter = metrics.counter({
      name: "dure_server_refused_total",
      help: "what a node that floods says",
      labels: ["service", "operation", "code"],
    });
    for (let index = 0; index < 5_000; index += 1)
      counter.add([`service ${index}`, "x".repeat(100), "UNAVAILABLE"]);
    return handle({ ask: () => {} });
  });
  await join("flood", [made]);
  const { items } = await until("it has told", async () => {
    const found = await client.limits();
    return found.items.some((each) => each.node === "flood") ? found : undefined;
  });
  const refused = items.find((each) => each.node === "flood")?.refused.length ?? 0;
  assert.ok(refused > 0 && refused <= 400, String(refused));
});

test("at most 50 browsers watch at once", async () => {
  const streams = Array.from({ length: 50 }, () => client.fleet()[Symbol.asyncIterator]());
  await Promise.all(streams.map((stream) => stream.next()));
  const one = client.fleet()[Symbol.asyncIterator]();
  await assert.rejects(one.next(), { code: "RESOURCE_EXHAUSTED" });
  await Promise.all(streams.map((stream) => stream.return?.()));
  await until("there is room again", async () => {
    const again = client.fleet()[Symbol.asyncIterator]();
    try {
      return (await again.next()).value !== undefined;
    } catch {
      return false;
    } finally {
      await again.return?.();
    }
  });
});
