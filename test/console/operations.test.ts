/** What the pages ask for, of a small mesh that lives. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../support/until.ts";
import {
  books,
  type ConsoleClient,
  evil,
  purchase,
  type SmallMesh,
  shipping,
  startSmallMesh,
} from "./support/small-mesh.ts";

const closing: (() => unknown)[] = [];
let mesh: SmallMesh;
let client: ConsoleClient;

before(async () => {
  mesh = await startSmallMesh({ after: (close) => closing.push(close) });
  client = await mesh.client();
  await until("the console knows all contracts", async () => {
    const { items } = await client.contracts();
    return ["books", "eventlog", "store"].every((name) =>
      items.some(({ service, operations }) => service === name && operations.length > 0),
    );
  });
});
after(async () => {
  for (const close of closing) await close();
});

test("a session says who it is and what there is", async () => {
  const session = await client.session();
  assert.equal(session.who, `tester ${evil}`);
  assert.equal(session.canOperate, true);
  assert.equal(session.mesh, "test");
  assert.equal(session.version, "1.2.3");
  assert.deepEqual(session.has, { supervisor: true, eventLog: true, telemetry: false });
});

test("the fleet shows nodes, their calls to each other, and a Distributor that is lost", async () => {
  const calling = { isOver: false };
  const callers = (async () => {
    while (!calling.isOver) {
      await mesh.caller.client(books).get({ id: 1 });
      await mesh.caller.client(books).get({ id: 404 }).result();
      await mesh.caller.client(books).broken().result();
    }
  })();
  const nodes = new Map<string, { slot: string; health: string }>();
  let distributors: { isConnected: boolean }[] = [];
  const address = `127.0.0.1:${mesh.distributor.port}`;
  const lost = new Set<string>();
  let isClosed = false;
  for await (const update of client.fleet()) {
    for (const node of update.nodes) nodes.set(node.id, node);
    for (const id of update.goneNodes) nodes.delete(id);
    distributors = update.distributors ?? distributors;
    for (const load of update.loads) {
      const own = load.distributors?.find((each) => each.address === address);
      if (own && !own.isConnected) lost.add(nodes.get(load.id)?.slot ?? "");
    }
    const edge = update.edges.find(({ from, to }) => from === "caller" && to === "books");
    if (edge && !isClosed) {
      assert.ok(edge.perS > 0 && (edge.p50Ms ?? 0) > 0 && (edge.p99Ms ?? 0) >= (edge.p50Ms ?? 0));
      // A third of the calls break; those that are answered with the contract's own error are answers.
      assert.ok(edge.errorShare > 0.2 && edge.errorShare < 0.45, String(edge.errorShare));
      const slots = [...nodes.values()].map(({ slot }) => slot).sort();
      assert.deepEqual(slots, ["books-1", "caller-1", "console-1", "eventlog-1", "store-1"]);
      const { items } = await client.traffic({ service: "books" });
      assert.ok(items.some(({ operation, caller }) => operation === "get" && caller === "caller"));
      isClosed = true;
      await mesh.distributor.close();
    }
    if (isClosed && distributors[0]?.isConnected === false && lost.has("books-1")) break;
  }
  calling.isOver = true;
  await callers;
});

test("contracts come with their schemas, their routes and who offers them", async () => {
  const { items } = await client.contracts();
  const found = items.find(({ service }) => service === "books");
  assert.deepEqual(found?.nodes, ["books-1"]);
  const get = found?.operations.find(({ name }) => name === "get");
  assert.equal(get?.http, "GET /books/:id");
  assert.equal(get?.summary, "One <b>book</b>");
  assert.deepEqual(get?.input?.required, ["id"]);
  assert.deepEqual(get?.errors[0]?.code, "NoSuchBook");
  assert.deepEqual(
    found?.events.map(({ name }) => name),
    ["added"],
  );
});

test("any operation can be tried: answers, own errors, bad input, streams", async () => {
  const good = await client.tryCall({ service: "books", operation: "get", input: { id: 7 } });
  assert.deepEqual(good.answers, [{ id: 7, title: `${evil} 7` }]);
  assert.match(good.traceId, /^[0-9a-f]{32}$/);
  const own = await client.tryCall({ service: "books", operation: "get", input: { id: 404 } });
  assert.deepEqual(
    [own.isOk, own.error?.code, own.error?.data],
    [false, "NoSuchBook", { id: 404 }],
  );
  const bad = await client.tryCall({ service: "books", operation: "get", input: { idd: 7 } });
  assert.equal(bad.error?.code, "INVALID_ARGUMENT");
  const endless = await client.tryCall({ service: "books", operation: "count", streamItemsMax: 3 });
  assert.deepEqual([endless.answers, endless.hasMore], [[{ n: 1 }, { n: 2 }, { n: 3 }], true]);
  const scoped = await client.tryCall({
    service: "books",
    operation: "add",
    input: { title: "a" },
  });
  assert.deepEqual(scoped.answers, [{ by: `console:tester ${evil}` }]);
  const nobody = await client.tryCall({ service: "books", operation: "nothing" }).result();
  assert.equal(!nobody.ok && nobody.error.code, "NOT_FOUND");
  const page = await client.tryCall({ service: "books", operation: "page" }).result();
  assert.equal(!page.ok && page.error.code, "FAILED_PRECONDITION");
});

test("dead letters can be looked at, replayed with other data, and dropped", async () => {
  for (const title of [`bad ${evil}`, "bad two"])
    await client.tryCall({ service: "books", operation: "add", input: { title } });
  const letters = await until("both letters are there", async () => {
    const { items } = await client.deadLetters({ group: "index" });
    return items.length === 2 ? items : undefined;
  });
  const first = letters.find(({ body }) => body.includes("img"));
  const second = letters.find((letter) => letter !== first);
  assert.equal(first?.body, JSON.stringify({ title: `bad ${evil}` }));
  assert.match(first?.attempts.at(-1)?.message ?? "", /cannot index bad/);
  const { groups, topics } = await client.topics();
  assert.equal(groups.find(({ name }) => name === "index")?.dead, 2);
  assert.ok((topics.find(({ name }) => name === "books.added")?.nextOffset ?? 0) >= 2);
  const broken = await client.replayDeadLetter({ id: first?.id ?? 0, body: "{" }).result();
  assert.equal(!broken.ok && broken.error.code, "INVALID_ARGUMENT");
  await client.replayDeadLetter({ id: first?.id ?? 0, body: '{"title":"good"}' });
  await client.dropDeadLetter({ id: second?.id ?? 0 });
  assert.deepEqual((await client.deadLetters({ group: "index" })).items, []);
  const gone = await client.dropDeadLetter({ id: second?.id ?? 0 }).result();
  assert.equal(!gone.ok && gone.error.code, "NoSuchLetter");
});

test("a saga that is stuck is shown with its steps, and goes on when it is told to", async () => {
  const { sagas, database } = mesh.store;
  await database.transaction((run) => sagas.start(run, purchase, "s-1", { id: "s-1" }));
  await until("it could not be shipped", () => shipping.failures > 0);
  shipping.isRenamed = true;
  const stuck = await until("it is stuck", async () => {
    const { items } = await client.sagas({ state: "stuck" });
    return items[0];
  });
  assert.deepEqual([stuck.service, stuck.id, stuck.name], ["store", "s-1", "purchase"]);
  assert.match(stuck.error ?? "", /step 1 was "ship" and is "send <img/);
  assert.deepEqual(stuck.steps.map(({ name, state }) => `${name} ${state}`)[0], "pay done");
  Object.assign(shipping, { isRenamed: false, isBroken: false });
  await client.retrySaga({ service: "store", id: "s-1" });
  await until("it is done", async () => {
    const found = await client.saga({ service: "store", id: "s-1" });
    return found.state === "done";
  });
  const again = await client.abandonSaga({ service: "store", id: "s-1" }).result();
  assert.equal(!again.ok && again.error.code, "FAILED_PRECONDITION");
  const none = await client.saga({ service: "store", id: "s-2" }).result();
  assert.equal(!none.ok && none.error.code, "NoSuchSaga");
});

test("processes are the supervisor's, and so are reloads and scaling", async () => {
  const { items } = await client.processes();
  assert.deepEqual(
    items.map(({ name, lastExit }) => [name, lastExit]),
    [["books-1", evil]],
  );
  assert.deepEqual((await client.reload({ names: ["books-1"] })).reloaded, ["books-1"]);
  const scaled = await client.scale({ kind: "books", count: 3 });
  assert.deepEqual(scaled.failures, [{ name: "books-3", reason: "no room" }]);
  assert.deepEqual(mesh.asked, ["reload books-1", "scale books 3"]);
});

test("routes are those of the gateways, and explained", async () => {
  const { items } = await client.routes();
  assert.deepEqual(
    items.map(({ method, path, to }) => `${method} ${path} ${to}`),
    ["GET /books/:id books.get", "GET /books/:id/page books.page", "* /old/* http://127.0.0.1:9"],
  );
  const found = await client.explainRoute({ method: "get", target: "/books/7" });
  assert.equal(found.to, "books.get");
  assert.ok(found.reasons.includes("instances: books-1"));
});

test("limits tell what holds calls back", async () => {
  const { items } = await client.limits();
  const caller = items.find(({ node }) => node === "caller-1");
  const callee = caller?.callees.find(({ service }) => service === "books");
  assert.equal((callee?.instancesIn ?? 0) + (callee?.instancesEjected ?? 0), 1);
});

test("without a collector traces and logs say so", async () => {
  for (const call of [
    () => client.traces({}).result(),
    () => client.logs({}).result(),
    () => client.trace({ traceId: "a" }).result(),
  ]) {
    const outcome = await call();
    assert.equal(!outcome.ok && outcome.error.code, "UNAVAILABLE");
  }
});

test("whatever changes something is written down, with who it was", async () => {
  await client.tryCall({ service: "books", operation: "broken" });
  const { items } = await client.audit({});
  assert.deepEqual(
    [items[0]?.action, items[0]?.target, items[0]?.outcome],
    ["tryCall", "books.broken", "INTERNAL"],
  );
  assert.match(items[0]?.who ?? "", /^tester .* \(.{6}\)$/);
  assert.equal(items[0]?.remoteAddress, "127.0.0.1");
  const actions = new Set(items.map(({ action }) => action));
  for (const action of ["signIn", "reload", "scale", "dropDeadLetter", "replayDeadLetter"])
    assert.ok(actions.has(action), action);
  assert.ok(!actions.has("session"));
});
