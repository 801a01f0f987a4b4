import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { eventLog, eventLogService, meshEvents, type Storage } from "../../../src/events/index.ts";
import { type CallContext, contract, event, op, service } from "../../../src/index.ts";
import { createNode, type MeshNode } from "../../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../../src/registry/index.ts";
import { until } from "../../support/until.ts";

const Order = z.object({ id: z.int(), step: z.int() });
const orders = contract("orders", {
  place: op({ input: Order }),
  placeLater: op({ input: Order }),
  placed: event(Order, { key: ({ id }) => String(id) }),
});

/** What holds for the event log on any storage. `openStorage`: opens the same one each time. */
export function eventsSuite(openStorage: () => Promise<Storage>): void {
  let distributor: Distributor;
  const nodes = new Set<MeshNode>();
  after(async () => {
    await Promise.all([...nodes].map((node) => node.close()));
    await distributor.close();
  });

  async function start(name: string, services: Parameters<typeof createNode>[0]["services"] = []) {
    const node = await createNode({
      name,
      mesh: "test",
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
      services,
      events: meshEvents(),
    });
    nodes.add(node);
    return node;
  }
  async function stop(node: MeshNode, isCrash = false): Promise<void> {
    nodes.delete(node);
    if (!isCrash) await node.drain();
    await node.close();
  }
  const startLog = () => start("log", [eventLogService({ storage: openStorage })]);
  const orderService = service(orders, ({ handle }) =>
    handle({
      place: (order, ctx) => ctx.publish(orders.placed, order),
      placeLater: (order, ctx) => ctx.publish(orders.placed, order, { delayMs: 1_500 }),
    }),
  );

  /** A service that takes the events and remembers them. */
  function reader(
    name: string,
    onOrder: (order: z.infer<typeof Order>, ctx: CallContext) => unknown = () => {},
  ) {
    const seen: z.infer<typeof Order>[] = [];
    const made = service(contract(name, { nothing: op({}) }), {
      setup({ on, handle }) {
        on(
          orders.placed,
          async (order, ctx) => {
            await onOrder(order, ctx);
            seen.push(order);
          },
          { group: name },
        );
        return handle({ nothing: () => {} });
      },
    });
    return { service: made, seen };
  }

  let log: MeshNode;
  let shop: MeshNode;
  before(async () => {
    distributor = await createDistributor({ mesh: "test", port: 0 });
    log = await startLog();
    shop = await start("orders", [orderService]);
  });
  const place = (id: number, step: number) => shop.client(orders).place({ id, step });

  test("what is published comes to every group, in the order of each key, with the publisher's trace", async () => {
    const first = reader("first");
    const second = reader("second");
    const one = await start("first", [first.service]);
    const other = await start("second", [second.service]);
    await Promise.all(
      Array.from({ length: 10 }, async (_, id) => {
        for (let step = 0; step < 20; step += 1) await place(id, step);
      }),
    );
    for (const { seen } of [first, second]) {
      await until("all have come", () => seen.length === 200);
      for (let id = 0; id < 10; id += 1)
        assert.deepEqual(
          seen.filter((order) => order.id === id).map(({ step }) => step),
          Array.from({ length: 20 }, (_, step) => step),
        );
    }
    await stop(one);
    await stop(other);
  });

  test("data that does not fit the contract is refused before it is stored", async () => {
    await assert.rejects(place(1, "two" as never), { code: "INVALID_ARGUMENT" });
  });

  test("an event that fails is tried again; its key waits and the others go on", async () => {
    let failures = 0;
    const { service: made, seen } = reader("retrying", ({ id, step }) => {
      if (id === 100 && step === 0 && failures < 2) {
        failures += 1;
        throw new Error("not now");
      }
    });
    const node = await start("retrying", [made]);
    for (const step of [0, 1, 2]) await place(100, step);
    await place(101, 0);
    await until("all have come", () => seen.filter(({ id }) => id >= 100).length === 4);
    const order = seen.filter(({ id }) => id >= 100).map(({ id, step }) => `${id}.${step}`);
    assert.equal(failures, 2);
    assert.equal(order[0], "101.0", "another key did not wait");
    assert.deepEqual(order.slice(1), ["100.0", "100.1", "100.2"]);
    await stop(node);
  });

  test("an event that does not fit becomes a dead letter with its reason, its key goes on, and it can be replayed", async () => {
    const strict = contract("orders", {
      placed: event(z.object({ id: z.int(), step: z.int().max(5) }), {
        key: ({ id }) => String(id),
      }),
    });
    const seen: number[] = [];
    const made = service(contract("strict", { nothing: op({}) }), {
      setup({ on, handle }) {
        on(strict.placed, ({ id, step }) => void (id === 200 && seen.push(step)), {
          group: "strict",
          start: "now",
        });
        return handle({ nothing: () => {} });
      },
    });
    const node = await start("strict", [made]);
    const client = shop.client(eventLog);
    await until("the group is there", async () =>
      (await client.overview()).groups.some(
        ({ name, members }) => name === "strict" && members === 1,
      ),
    );
    for (const step of [1, 9, 2]) await place(200, step);
    await until("the others have come", () => seen.length === 2);
    assert.deepEqual(seen, [1, 2]);
    const letters = await until("the letter is there", async () => {
      const found = await client.deadLetters({ group: "strict", after: 0, max: 10 });
      return found.letters.length > 0 ? found.letters : undefined;
    });
    assert.equal(letters.length, 1);
    assert.equal(letters[0]?.history[0]?.code, "INVALID_ARGUMENT");
    assert.match(letters[0]?.history[0]?.message ?? "", /step/);
    await client.replay({ id: letters[0]?.id ?? 0, body: JSON.stringify({ id: 200, step: 3 }) });
    await until("it came after all", () => seen.includes(3));
    assert.deepEqual(
      (await client.deadLetters({ group: "strict", after: 0, max: 10 })).letters,
      [],
    );
    const unknown = await client.replay({ id: 999_999 }).result();
    assert.equal(!unknown.ok && unknown.error.code, "NoSuchLetter");
    await place(200, 8);
    const [another] = await until("another letter is there", async () => {
      const found = await client.deadLetters({ group: "strict", after: 0, max: 10 });
      return found.letters.length > 0 ? found.letters : undefined;
    });
    await client.drop({ id: another?.id ?? 0 });
    const dropped = await client.drop({ id: another?.id ?? 0 }).result();
    assert.equal(!dropped.ok && dropped.error.code, "NoSuchLetter");
    await place(200, 4);
    await until("the key goes on", () => seen.includes(4));
    assert.ok(!seen.includes(8), "nobody gets what was dropped");
    const left = await client.deadLetters({ group: "strict", after: 0, max: 10 });
    assert.deepEqual(left.letters, []);
    await stop(node);
  });

  test("instances share the work of a group; the keys of one that is gone move to the others", async () => {
    const readers = [reader("sharing"), reader("sharing"), reader("sharing")];
    const running = await Promise.all(
      readers.map(({ service: made }, index) => start(`sharing-${index}`, [made])),
    );
    let id = 1_000;
    await until("each has its share", async () => {
      id += 1;
      await place(id, 0);
      return readers.every(({ seen }) => seen.length > 0);
    });
    const before = readers.map(({ seen }) => seen.length);
    await Promise.all(Array.from({ length: 300 }, (_, index) => place(5_000 + index, 0)));
    const ownOf = ({ seen }: { seen: readonly { id: number }[] }) =>
      seen.filter((order) => order.id >= 5_000).length;
    await until("all have come", () => readers.reduce((sum, each) => sum + ownOf(each), 0) === 300);
    for (const [index, each] of readers.entries())
      assert.ok(ownOf(each) > 50, `reader ${index}: ${ownOf(each)} after ${before[index]}`);

    await stop(running[0] as MeshNode, true);
    await Promise.all(Array.from({ length: 300 }, (_, id) => place(6_000 + id, 0)));
    const ids = () => new Set(readers.slice(1).flatMap(({ seen }) => seen.map(({ id }) => id)));
    await until(
      "the others have taken over",
      () => [...ids()].filter((each) => each >= 6_000).length === 300,
      15_000,
    );
    await Promise.all(running.slice(1).map((node) => stop(node)));
  });

  test("while the log is down publishers wait, and everything goes on when it is back", async () => {
    const { service: made, seen } = reader("patient");
    const node = await start("patient", [made]);
    await place(3_000, 0);
    await until("it came", () => seen.some(({ id }) => id === 3_000));
    await stop(log, true);
    const waiting = place(3_001, 0);
    log = await startLog();
    await waiting;
    await until("it came", () => seen.some(({ id }) => id === 3_001));
    await stop(node);
  });

  test("an event that is delayed outlives the log's process, and comes once, when its time has come", async () => {
    const keys: (string | undefined)[] = [];
    const { service: made, seen } = reader(
      "delayed",
      ({ id }, { idempotencyKey }) => void (id === 4_000 && keys.push(idempotencyKey)),
    );
    const node = await start("delayed", [made]);
    const publishedAt = Date.now();
    await shop.client(orders).placeLater({ id: 4_000, step: 1 });
    await place(4_000, 0);
    const { delayed } = await shop.client(eventLog).overview();
    assert.equal(delayed, 1);
    await stop(log, true);
    log = await startLog();
    await until("both came", () => seen.filter(({ id }) => id === 4_000).length === 2);
    assert.ok(Date.now() - publishedAt >= 1_500);
    const steps = seen.filter(({ id }) => id === 4_000).map(({ step }) => step);
    assert.deepEqual(steps, [0, 1]);
    assert.equal(new Set(keys).size, 2);
    assert.equal((await shop.client(eventLog).overview()).delayed, 0);
    await stop(node);
  });

  test("a second process on the same files is refused with the reason", async () => {
    await assert.rejects(openStorage(), {
      code: "ALREADY_EXISTS",
      message: /is in use by another process/,
    });
  });

  test("a node without an event log says so", async () => {
    const lonely = await createNode({
      name: "lonely",
      mesh: "test",
      distributors: [],
      services: [orderService],
    });
    nodes.add(lonely);
    await assert.rejects(lonely.client(orders).place({ id: 1, step: 1 }), {
      message: /no event log/,
    });
    await assert.rejects(
      createNode({
        name: "deaf",
        mesh: "test",
        distributors: [],
        services: [reader("deaf").service],
      }),
      { code: "FAILED_PRECONDITION" },
    );
  });
}
