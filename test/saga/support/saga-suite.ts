import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { eventLogService, memoryStorage, meshEvents } from "../../../src/events/index.ts";
import { contract, DureError, event, op, type Service, service } from "../../../src/index.ts";
import { createNode, type MeshNode } from "../../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../../src/registry/index.ts";
import { openSagas, type Saga, type Sagas, saga } from "../../../src/saga/index.ts";
import type { TestDatabase } from "../../events/support/databases.ts";
import { until } from "../../support/until.ts";

const bank = contract("bank", {
  pay: op({
    idempotent: true,
    input: z.object({ id: z.string() }),
    output: z.object({ receipt: z.string() }),
    errors: { Declined: { status: 402 } },
  }),
  shipped: event(z.object({ id: z.string(), by: z.string() }), { key: ({ id }) => id }),
  ship: op({ input: z.object({ id: z.string(), by: z.string() }) }),
});
const shop = contract("shop", { nothing: op({}) });

/** What steps did, in order, and how they are to fail: a list of errors to throw by step, taken one after another. */
const done: string[] = [];
const failures = new Map<string, Error[]>();
/** The `tracestate` that each call of a step came with. */
const statesSeen: (string | undefined)[] = [];
function act(what: string, key = ""): string {
  const failure = failures.get(what)?.shift();
  if (failure) throw failure;
  done.push(what);
  return `${what} ${key}`;
}

const buy = saga("buy", async (s, { id }: { id: string }) => {
  const receipt = await s.step("pay", {
    run: async (ctx) => {
      const paid = await ctx.client(bank).pay({ id }, { idempotencyKey: ctx.key });
      return paid.receipt;
    },
    compensate: (output) => act(`refund ${id} ${output ?? "unknown"}`),
  });
  await s.step("take", {
    run: () => act(`take ${id}`),
    compensate: () => act(`give back ${id}`),
    attempts: 3,
  });
  await s.step("record", { run: () => act(`record ${id}`) });
  return { receipt };
});
const deliver = saga(
  "deliver",
  async (s, { id, waitMs }: { id: string; waitMs: number }) => {
    await s.step("pack", { run: () => act(`pack ${id}`), compensate: () => act(`unpack ${id}`) });
    const { by } = await s.waitFor("shipped", bank.shipped, { key: id, timeoutMs: waitMs });
    return by;
  },
  { events: [bank.shipped] },
);
let hold: PromiseWithResolvers<void> | undefined;
const slow = saga("slow", async (s, { id }: { id: string }) => {
  await s.step("first", { run: () => act(`first ${id}`) });
  await s.step("second", {
    run: async (ctx) => {
      done.push(`second begun ${ctx.key}`);
      await hold?.promise;
    },
  });
  return "over";
});
const changed = saga("changed", async (s, { isNew }: { isNew: boolean }) => {
  await s.step("a", { run: () => act("a") });
  await s.step(isRenamed ? "c" : "b", { run: () => act(isNew ? "new" : "old"), attempts: 50 });
});
let isRenamed = false;

/** What holds for sagas on any database. */
export function sagaSuite(openDatabase: () => Promise<TestDatabase>): void {
  let database: TestDatabase;
  let distributor: Distributor;
  const nodes: MeshNode[] = [];
  const opened: Sagas[] = [];
  const start = async (name: string, services: Service[]) => {
    const distributors = [{ host: "127.0.0.1", port: distributor.port }];
    const node = await createNode({
      name,
      mesh: "test",
      distributors,
      services,
      events: meshEvents(),
    });
    nodes.push(node);
    return node;
  };
  const shopService = () =>
    service(shop, {
      async setup(host) {
        opened.push(await openSagas(host, database, [buy, deliver, slow, changed]));
        return host.handle({ nothing: () => {} });
      },
    });
  const bankService = service(bank, ({ handle }) =>
    handle({
      pay: ({ id }, ctx) => {
        statesSeen.push(ctx.tracestate);
        if (id.startsWith("poor")) return ctx.fail("Declined");
        act(`pay ${id}`, ctx.idempotencyKey);
        return { receipt: `r-${id}` };
      },
      ship: (what, ctx) => ctx.publish(bank.shipped, what),
    }),
  );
  const sagas = () => opened.at(-1) as Sagas;
  const begin = <Input>(definition: Saga<Input>, id: string, input: Input) =>
    database.transaction((run) => sagas().start(run, definition, id, input));
  const of = (id: string) => done.filter((what) => what.includes(id));

  before(async () => {
    database = await openDatabase();
    distributor = await createDistributor({ mesh: "test", port: 0 });
    await start("log", [eventLogService({ storage: async () => memoryStorage() })]);
    await start("bank", [bankService]);
    await start("shop", [shopService()]);
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await distributor.close();
    await database.close();
  });

  test("steps, what they call and their undoing are parts of the trace of the request that began it", async () => {
    const traceId = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
    const requestSpan = "00f067aa0ba902b7";
    const traceparent = `00-${traceId}-${requestSpan}-01`;
    failures.set("take t1", [new DureError("NOT_FOUND", "none is left")]);
    const place = { id: "t1", traceparent, tracestate: "vendor=opaque,other=2" };
    await database.transaction((run) => sagas().start(run, buy, place, { id: "t1" }));
    assert.equal((await sagas().outcome(buy, "t1", 30_000))?.state, "failed");
    const spans = await until("the undoing's span", () => {
      const all = nodes.flatMap((node) => node.traces.spans({ traceIds: [traceId] }).records);
      return all.some(({ name }) => name === "buy.pay.undo") ? all : undefined;
    });
    const find = (kind: string, name: string) => {
      const [span, ...others] = spans.filter((each) => each.kind === kind && each.name === name);
      assert.ok(span && others.length === 0, `${kind} ${name}`);
      return span;
    };
    const begun = find("saga", "buy");
    assert.equal(begun.parentId, requestSpan);
    const pay = find("saga", "buy.pay");
    for (const step of [pay, find("saga", "buy.take"), find("saga", "buy.pay.undo")])
      assert.equal(step.parentId, begun.spanId);
    assert.equal(find("client", "bank.pay").parentId, pay.spanId);
    assert.equal(find("server", "bank.pay").parentId, find("client", "bank.pay").spanId);
    assert.equal(find("saga", "buy.take").error, "NOT_FOUND");
    assert.ok(spans.every(({ isSampled }) => isSampled));
    assert.deepEqual(statesSeen.splice(0), [place.tracestate]);
  });

  test("a list of sagas tells how often each step was tried, and one is found by its id", async () => {
    failures.set("take n1", [new Error("not now")]);
    await begin(buy, "n1", { id: "n1" });
    assert.equal((await sagas().outcome(buy, "n1", 30_000))?.state, "done");
    const { items } = await sagas().handlers.sagas({ id: "n1" });
    assert.deepEqual(
      items.flatMap(({ steps }) => steps.map(({ name, attempts }) => `${name} ${attempts}`)),
      ["pay 1", "take 2", "record 1"],
    );
    assert.deepEqual((await sagas().handlers.sagas({ id: "nobody" })).items, []);
    assert.deepEqual((await sagas().handlers.sagas({ id: "n1", state: "stuck" })).items, []);
  });

  test("steps are done one after another, and the output is kept", async () => {
    assert.equal(await begin(buy, "b1", { id: "b1" }), true);
    const outcome = await sagas().outcome(buy, "b1", 30_000);
    assert.deepEqual(outcome, { state: "done", output: { receipt: "r-b1" } });
    assert.deepEqual(of("b1"), ["pay b1", "take b1", "record b1"]);
    assert.equal(await begin(buy, "b1", { id: "b1" }), false, "the same id is the same saga");
    assert.equal(await sagas().outcome(buy, "nobody", 10), undefined);
  });

  test("with its transaction rolled back a saga never was", async () => {
    const failing = database.transaction(async (run) => {
      await sagas().start(run, buy, "never", { id: "never" });
      throw new Error("rolled back");
    });
    await assert.rejects(failing);
    assert.equal(await sagas().outcome(buy, "never", 50), undefined);
  });

  test("a step that is refused fails the saga at once, and what was done is undone in reverse", async () => {
    await begin(buy, "poor-1", { id: "poor-1" });
    const declined = await sagas().outcome(buy, "poor-1", 30_000);
    assert.equal(declined?.state === "failed" && declined.error.code, "Declined");
    assert.deepEqual(of("poor-1"), [], "nothing was done, so nothing is undone");

    failures.set("record b2", [Object.assign(new Error("no"), { code: "FAILED_PRECONDITION" })]);
    await begin(buy, "b2", { id: "b2" });
    const failed = await sagas().outcome(buy, "b2", 30_000);
    assert.equal(failed?.state === "failed" && failed.error.code, "FAILED_PRECONDITION");
    assert.deepEqual(of("b2"), ["pay b2", "take b2", "give back b2", "refund b2 r-b2"]);
  });

  test("a step that fails otherwise is tried again, and given up as unknown: then it is undone too", async () => {
    failures.set("take b3", [new Error("not now")]);
    await begin(buy, "b3", { id: "b3" });
    assert.equal((await sagas().outcome(buy, "b3", 30_000))?.state, "done");
    assert.deepEqual(of("b3"), ["pay b3", "take b3", "record b3"]);

    failures.set(
      "take b4",
      [1, 2, 3].map(() => new Error("never")),
    );
    await begin(buy, "b4", { id: "b4" });
    assert.equal((await sagas().outcome(buy, "b4", 30_000))?.state, "failed");
    assert.deepEqual(of("b4"), ["pay b4", "give back b4", "refund b4 r-b4"]);
  });

  test("an undoing that fails is tried again; after too often somebody has to look, and may retry or abandon", async () => {
    failures.set("record b5", [Object.assign(new Error("no"), { code: "NOT_FOUND" })]);
    failures.set("give back b5", [new Error("not now")]);
    await begin(buy, "b5", { id: "b5" });
    assert.equal((await sagas().outcome(buy, "b5", 30_000))?.state, "failed");
    assert.deepEqual(of("b5").slice(2), ["give back b5", "refund b5 r-b5"]);
    await assert.rejects(sagas().retry("b5"), {
      code: "FAILED_PRECONDITION",
      message: /is failed/,
    });
  });

  test("an event is waited for, whether it comes before or after, and not for ever", async () => {
    const ship = (id: string) => nodes[1]?.client(bank).ship({ id, by: "ship" }) as Promise<void>;
    await begin(deliver, "d1", { id: "d1", waitMs: 10_000 });
    await until("it waits", () => done.includes("pack d1"));
    await ship("d1");
    assert.deepEqual(await sagas().outcome(deliver, "d1", 30_000), {
      state: "done",
      output: "ship",
    });

    await begin(deliver, "d2", { id: "d2", waitMs: 10_000 });
    await ship("d2");
    assert.equal((await sagas().outcome(deliver, "d2", 30_000))?.state, "done");

    await begin(deliver, "d3", { id: "d3", waitMs: 200 });
    const late = await sagas().outcome(deliver, "d3", 30_000);
    assert.equal(late?.state === "failed" && late.error.code, "DEADLINE_EXCEEDED");
    assert.deepEqual(of("d3"), ["pack d3", "unpack d3"]);
  });

  test("another instance goes on where one has stopped, under the same keys", async () => {
    hold = Promise.withResolvers();
    await begin(slow, "s1", { id: "s1" });
    await until("the second step has begun", () => done.includes("second begun s1:second"));
    const former = nodes.pop() as MeshNode;
    await start("shop", [shopService()]);
    await former.close();
    hold.resolve();
    assert.deepEqual(await sagas().outcome(slow, "s1", 20_000), { state: "done", output: "over" });
    assert.deepEqual(of("s1"), ["first s1", "second begun s1:second", "second begun s1:second"]);
  });

  test("code that no longer fits what is written down makes a saga stuck, and the former code heals it", async () => {
    failures.set("old", [new Error("not now"), new Error("not now")]);
    isRenamed = false;
    await begin(changed, "c1", { isNew: false });
    await until("the second step has failed", () => failures.get("old")?.length === 1);
    isRenamed = true;
    await until(
      "it is stuck",
      async () => (await sagas().outcome(changed, "c1", 0))?.state === "stuck",
      10_000,
    );
    const [summary] = await sagas().list("stuck");
    assert.equal(summary?.id, "c1");
    assert.match(summary?.error ?? "", /step 1 was "b" and is "c" now/);
    isRenamed = false;
    await sagas().retry("c1");
    assert.equal((await sagas().outcome(changed, "c1", 30_000))?.state, "done");
    assert.deepEqual(
      done.filter((what) => what === "a"),
      ["a"],
    );
  });
}
