import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  createDistributor,
  joinRegistry,
  newNodeId,
  type Registry,
} from "../../src/registry/index.ts";
import { createMemoryNetwork, Server, type Transport } from "../../src/wire/index.ts";
import { rawHttp } from "../support/raw-http.ts";
import { until } from "../support/until.ts";

/** A node that answers handshakes, as far as the registry cares. */
async function node(
  name: string,
  distributors: number[],
  options: { transport?: Transport; id?: string; dataDir?: string } = {},
) {
  const id = options.id ?? newNodeId(name);
  let registry: Registry | undefined;
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    get identity() {
      return { mesh: "test", nodeId: id, name, incarnation: registry?.self.incarnation ?? 0 };
    },
    transport: options.transport,
    onRequest: (request) => request.respond(""),
  });
  const { port } = await server.listen();
  let isReplaced = false;
  registry = joinRegistry({
    self: {
      id,
      name,
      slot: name,
      mesh: "test",
      host: "127.0.0.1",
      port,
      urls: [`GET /${name}`],
      services: [{ name, version: "1.0.0", contractHash: "h" }],
      state: "ready",
    },
    distributors: distributors.map((distributorPort) => ({
      host: "127.0.0.1",
      port: distributorPort,
    })),
    transport: options.transport,
    dataDir: options.dataDir,
    onReplaced: () => {
      isReplaced = true;
    },
  });
  const made = {
    id,
    registry,
    server,
    port,
    isReplaced: () => isReplaced,
    /** Gone without a word, as by SIGKILL. */
    async crash() {
      await made.registry.close();
      await server.close();
    },
    async leave() {
      await made.registry.leave();
      await made.crash();
    },
    sees: (service: string) => made.registry.instancesOf(service).length,
  };
  return made;
}

test("nodes and Distributor find each other in any order of starting", async () => {
  const early = await node("early", [21_001]).catch(() => undefined);
  assert.ok(early);
  const network = createMemoryNetwork();
  const first = await node("first", [9_100], { transport: network });
  const distributor = await createDistributor({ mesh: "test", port: 9_100, transport: network });
  const second = await node("second", [9_100], { transport: network });
  await until(
    "each sees the other",
    () => first.sees("second") === 1 && second.sees("first") === 1,
  );
  await Promise.all([first.crash(), second.crash(), early.crash(), distributor.close()]);
});

test("a node knows whether a Distributor has its record as it is now", async () => {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const { registry, crash } = await node("hasty", [distributor.port]);
  let port = 1;
  while (registry.distributors()[0]?.state !== "connected") {
    port = (port % 65_000) + 1;
    registry.update({ port });
    await new Promise(setImmediate);
  }
  await until("it is announced", () => registry.isAnnounced());
  assert.equal(distributor.nodes()[0]?.port, port);
  await distributor.close();
  await until("it is announced no more", () => !registry.isAnnounced());
  await crash();
});

test("a node that leaves is gone everywhere at once; one that crashes, soon", async () => {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const nodes = await Promise.all(["a", "b", "c"].map((name) => node(name, [distributor.port])));
  const [a, b, c] = nodes;
  assert.ok(a && b && c);
  await until("all see all", () =>
    nodes.every((each) => each.sees("a") + each.sees("b") + each.sees("c") === 3),
  );
  await b.leave();
  await until("b is gone", () => a.sees("b") === 0 && c.sees("b") === 0);
  await c.crash();
  await until(
    "c is gone",
    () => a.registry.nodes().every(({ record }) => record.id !== c.id),
    3_000,
  );
  await a.crash();
  await distributor.close();
});

test("a Distributor that comes back empty removes nobody", async () => {
  let distributor = await createDistributor({ mesh: "test", port: 0 });
  const { port } = distributor;
  const nodes = await Promise.all(["a", "b", "c", "d"].map((name) => node(name, [port])));
  const [a] = nodes;
  assert.ok(a);
  const complete = () => ["a", "b", "c", "d"].every((name) => a.sees(name) === 1);
  await until("all are seen", complete);
  let shrunk = 0;
  a.registry.onChange(() => {
    if (!complete()) shrunk += 1;
  });
  await distributor.close();
  await until("the loss is noticed", () => a.registry.distributors()[0]?.state === "connecting");
  assert.ok(complete());
  distributor = await createDistributor({ mesh: "test", port });
  await until("all are registered again", () => distributor.nodes().length === 4);
  await until("all are vouched for again", () =>
    a.registry.nodes().every(({ status }) => status === "live"),
  );
  assert.equal(shrunk, 0);
  await Promise.all(nodes.map((each) => each.crash()));
  await distributor.close();
});

test("several Distributors are one union: each may die, and nodes that share none of them are no worse off", async () => {
  const [one, two] = await Promise.all(
    [1, 2].map(() => createDistributor({ mesh: "test", port: 0 })),
  );
  assert.ok(one && two);
  const a = await node("a", [one.port, two.port]);
  const b = await node("b", [two.port]);
  const c = await node("c", [one.port]);
  await until("a sees both", () => a.sees("b") === 1 && a.sees("c") === 1);
  await one.close();
  await until("a lost one", () =>
    a.registry.distributors().some(({ state }) => state === "connecting"),
  );
  assert.equal(a.sees("b") + a.sees("c"), 2);
  await Promise.all([a.crash(), b.crash(), c.crash(), two.close()]);
});

test("a node restarted while no Distributor is there finds its peers from the saved view", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "dure-view-"));
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const a = await node("a", [distributor.port], { dataDir });
  const b = await node("b", [distributor.port]);
  await until("a sees b", () => a.sees("b") === 1);
  await a.crash();
  await distributor.close();
  const again = await node("a", [distributor.port], { dataDir });
  assert.equal(again.sees("b"), 1);
  await Promise.all([again.crash(), b.crash()]);
});

test("a saved view that this version cannot read is told and passed over", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "dure-view-"));
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const before = await node("a", [distributor.port], { dataDir });
  const b = await node("b", [distributor.port]);
  await until("a sees b", () => before.sees("b") === 1);
  await before.crash();
  const folder = join(dataDir, "views");
  const body = '[{"of":"another version"}]';
  const sum = createHash("sha256").update(body).digest("hex");
  for (const file of readdirSync(folder)) writeFileSync(join(folder, file), `${sum}\n${body}`);
  const again = await node("a", [distributor.port], { dataDir });
  await until("the Distributor tells it", () => again.sees("b") === 1);
  await Promise.all([again.crash(), b.crash(), distributor.close()]);
});

test("two processes with one node id: the newer one is believed, the older one stops announcing", async () => {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const older = await node("twin", [distributor.port], { id: "twin-1" });
  await until("the older is registered", () => distributor.nodes().length === 1);
  const newer = await node("twin", [distributor.port], { id: "twin-1" });
  await until("the older is told", () => older.isReplaced());
  await until("the newer is registered", () => distributor.nodes()[0]?.port === newer.port);
  assert.equal(distributor.nodes().length, 1);
  await Promise.all([older.crash(), newer.crash()]);
  await distributor.close();
});

test("what changes while a node registers is told, too", async () => {
  const network = createMemoryNetwork({ latencyMs: 100 });
  const distributor = await createDistributor({ mesh: "test", port: 9_100, transport: network });
  const a = await node("a", [9_100], { transport: network });
  await until("it is registered", () => distributor.nodes().length === 1);
  assert.equal(a.registry.distributors()[0]?.state, "connecting");
  a.registry.update({ urls: ["GET /changed"] });
  await until("the change is there", () => distributor.nodes()[0]?.urls[0] === "GET /changed");
  await Promise.all([a.crash(), distributor.close()]);
});

test("a node whose cable is pulled is out of the pick, and back when it answers", async () => {
  const network = createMemoryNetwork();
  const distributor = await createDistributor({ mesh: "test", port: 9_100, transport: network });
  const a = await node("a", [9_100], { transport: network });
  const b1 = await node("b", [9_100], { transport: network });
  const b2 = await node("b", [9_100], { transport: network });
  await until("a sees both", () => a.sees("b") === 2);
  network.blackhole(b1.port);
  a.registry.failedToReach(b1.id);
  assert.equal(a.sees("b"), 1);
  network.heal(b1.port);
  await until("a probe brings it back", () => a.sees("b") === 2);
  await Promise.all([a.crash(), b1.crash(), b2.crash(), distributor.close()]);
});

test("curl reads the list; a node of another mesh and one without the token are refused", async () => {
  const distributor = await createDistributor({ mesh: "test", port: 0, token: "t" });
  const base = `http://127.0.0.1:${distributor.port}`;
  assert.deepEqual(await (await fetch(`${base}/distributor`)).json(), []);
  assert.equal((await fetch(`${base}/healthz`)).status, 200);
  assert.equal((await fetch(`${base}/else`)).status, 404);
  // Targets that are no URL, which anybody can send.
  for (const target of ["//", "http://[", "*"]) {
    const request = `GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
    assert.match(await rawHttp(distributor.port, request), /^HTTP\/1\.1 404 /, target);
  }
  assert.equal((await fetch(`${base}/distributor`, { method: "POST" })).status, 405);
  const stranger = await node("stranger", [distributor.port]);
  await until("it keeps trying", () => stranger.registry.distributors()[0]?.state === "connecting");
  assert.equal(distributor.nodes().length, 0);
  await stranger.crash();
  await distributor.close();
});

test("Prometheus is told a target for each address, with labels to choose by", async () => {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const edge = await node("edge", [distributor.port]);
  edge.registry.update({ urls: ["GET /x", "http://10.0.0.1:8080"] });
  const url = `http://127.0.0.1:${distributor.port}/distributor/prometheus`;
  const targets = await until("both targets are told", async () => {
    const told = (await (await fetch(url)).json()) as any[];
    return told.length === 2 ? told : undefined;
  });
  const labels = {
    __meta_dure_mesh: "test",
    __meta_dure_name: "edge",
    __meta_dure_slot: "edge",
    __meta_dure_services: ",edge,",
    __meta_dure_state: "ready",
  };
  for (const [index, role, target] of [
    [0, "mesh", `127.0.0.1:${edge.port}`],
    [1, "http", "10.0.0.1:8080"],
  ] as const) {
    assert.deepEqual(targets[index].targets, [target]);
    const told = targets[index].labels;
    assert.deepEqual({ ...told, ...labels, __meta_dure_role: role }, told);
    for (const value of Object.values(told)) assert.equal(typeof value, "string");
  }
  await edge.leave();
  await distributor.close();
});
