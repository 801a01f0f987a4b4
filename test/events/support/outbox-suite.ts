import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import {
  eventLog,
  eventLogService,
  type Inbox,
  memoryStorage,
  meshEvents,
  type Outbox,
  openInbox,
  openOutbox,
  openProjection,
  type Projection,
  projects,
  type SqlRunner,
  type Storage,
} from "../../../src/events/index.ts";
import { contract, event, hook, key, op, type SetupContext, service } from "../../../src/index.ts";
import { createNode, type MeshNode } from "../../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../../src/registry/index.ts";
import { until } from "../../support/until.ts";
import type { TestDatabase } from "./databases.ts";

const Note = z.object({ id: z.int(), text: z.string() });
const notes = contract("notes", {
  add: op({ input: Note }),
  fail: op({ input: Note }),
  written: event(Note, { key: ({ id }) => String(id) }),
});
const tenant = key("tenant", z.string());
/** What the note says is what it is for. */
const byText = hook("tenant", (call, next) =>
  next(call.with(tenant, `of ${(call.input as z.infer<typeof Note>).text}`)),
);
const other = contract("other", { nothing: op({}) });

/** What holds for the outbox and the inbox on any database. */
export function outboxSuite(openDatabase: () => Promise<TestDatabase>): void {
  let database: TestDatabase;
  let distributor: Distributor;
  let log: MeshNode;
  let outbox: Outbox;
  let inbox: Inbox;
  let storage: Storage;
  const nodes: MeshNode[] = [];
  const seen: z.infer<typeof Note>[] = [];
  const seenTraces: string[] = [];
  const seenTenants: unknown[] = [];
  let within: SetupContext<typeof other, any>["within"];

  const notesService = () =>
    service(notes, {
      use: [byText],
      async setup(host) {
        outbox = await openOutbox(host, database);
        return host.handle({
          add: (note, ctx) =>
            database.transaction(async (run) => {
              await run(
                database.dialect === "sqlite"
                  ? "insert into notes values (?, ?)"
                  : "insert into notes values ($1, $2)",
                [note.id, note.text],
              );
              await outbox.publish(run, notes.written, note, ctx);
            }),
          fail: (note, ctx) =>
            database.transaction(async (run) => {
              await outbox.publish(run, notes.written, note, ctx);
              throw new Error("rolled back");
            }),
        });
      },
    });
  const readerService = () =>
    service(other, {
      async setup(host) {
        inbox = await openInbox(host, database);
        within = host.within;
        host.on(notes.written, (note, ctx) => {
          const { traceparent, tracestate } = ctx;
          seen.push(note);
          seenTenants.push(ctx.get(tenant));
          seenTraces.push(`${traceparent.slice(3, 35)} ${tracestate}`);
        });
        return host.handle({ nothing: () => {} });
      },
    });
  const start = async (name: string, services: Parameters<typeof createNode>[0]["services"]) => {
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
  const startLog = () =>
    start("log", [
      eventLogService({
        storage: async () => ({
          ...storage,
          call: storage.call.bind(storage),
          close: async () => {},
        }),
      }),
    ]);
  const add = (id: number, text: string) =>
    nodes[1]?.client(notes).add({ id, text }) as Promise<void>;

  before(async () => {
    database = await openDatabase();
    await database.run("create table notes (id integer, text text)", []);
    distributor = await createDistributor({ mesh: "test", port: 0 });
    storage = memoryStorage();
    log = await startLog();
    await start("notes", [notesService()]);
    await start("notes", [notesService()]);
    await start("other", [readerService()]);
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await distributor.close();
    await database.close();
  });

  test("an event goes out with its data, and with a transaction that fails neither", async () => {
    await add(1, "one");
    await assert.rejects(nodes[1]?.client(notes).fail({ id: 1, text: "never" }) as Promise<void>);
    await add(1, "two");
    await until("both have come", () => seen.length === 2);
    assert.deepEqual(
      seen.map(({ text }) => text),
      ["one", "two"],
    );
    await until("nothing waits", async () => (await outbox.waitingCount()) === 0);
  });

  test("an event that goes out later is a part of the trace it was published in, whatever other systems say of that", async () => {
    const traceId = "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b";
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    const tracestate = "vendor=opaque,other=2";
    await within({ name: "import", traceparent, tracestate }, (ctx) =>
      ctx.client(notes).add({ id: 2, text: "traced" }),
    );
    await until("it has come", () => seen.some(({ id }) => id === 2));
    assert.equal(seenTraces.at(-1), `${traceId} ${tracestate}`);
  });

  test("what travels with the call travels with the event it wrote", async () => {
    await add(3, "baggage");
    await until("it has come", () => seen.some(({ id }) => id === 3));
    assert.equal(seenTenants.at(-1), "of baggage");
  });

  test("while the log is down data is accepted, and its events come later, once and in order", async () => {
    seen.length = 0;
    nodes.splice(nodes.indexOf(log), 1);
    await log.close();
    // The first node is gone from the list: calls go to the one that is left at its place.
    for (let index = 0; index < 50; index += 1)
      await nodes[0]?.client(notes).add({ id: 7, text: `${index}` });
    assert.equal(await outbox.waitingCount(), 50);
    log = await startLog();
    // What was done just before the log went down may come again: it had not heard of it.
    const ofKey = () => [...new Set(seen.filter(({ id }) => id === 7).map(({ text }) => text))];
    await until("all have come", () => ofKey().length === 50);
    assert.deepEqual(
      ofKey(),
      Array.from({ length: 50 }, (_, index) => `${index}`),
    );
    await until("nothing waits", async () => (await outbox.waitingCount()) === 0);
    nodes.splice(nodes.indexOf(log), 1);
    nodes.unshift(log);
  });

  test("an event that is delayed waits in the outbox, and others go out meanwhile", async () => {
    const publishedAt = Date.now();
    const texts = () => [...new Set(seen.filter(({ id }) => id === 70).map(({ text }) => text))];
    await database.transaction(async (run) => {
      await outbox.publish(run, notes.written, { id: 70, text: "later" }, { delayMs: 800 });
      await outbox.publish(run, notes.written, { id: 70, text: "now" });
    });
    await until("one has come", () => texts().includes("now"));
    const waiting = await outbox.waitingCount();
    assert.ok(waiting >= 1 || Date.now() - publishedAt >= 800, "the other one waits");
    await until("both have come", () => texts().length === 2);
    assert.ok(Date.now() - publishedAt >= 800);
    assert.deepEqual(texts(), ["now", "later"]);
    await until("nothing waits", async () => (await outbox.waitingCount()) === 0);
  });

  test("two instances relay one outbox, and each event is stored once", async () => {
    const client = log.client(eventLog);
    const before = (await client.overview()).topics[0]?.next ?? 0;
    await Promise.all(
      Array.from({ length: 100 }, (_, id) =>
        nodes[1 + (id % 2)]?.client(notes).add({ id, text: "x" }),
      ),
    );
    await until("nothing waits", async () => (await outbox.waitingCount()) === 0);
    assert.equal((await client.overview()).topics[0]?.next, before + 100);
  });

  test("a transaction that commits late is not passed over", async () => {
    // SQLite has one writer: nobody commits in between.
    if (database.dialect === "sqlite") return;
    seen.length = 0;
    const late = await database.begin();
    await outbox.publish(late.run, notes.written, { id: 300, text: "late" });
    await add(301, "early");
    await until("the later row has been sent", () => seen.some(({ text }) => text === "early"));
    await late.commit();
    await until("and so is the earlier one", () => seen.some(({ text }) => text === "late"));
  });

  test("a projection follows the log, each event once, knows how far it is behind, and can be made again", async () => {
    await database.run("create table totals (id integer primary key, count integer not null)", []);
    const mark = (position: number) => (database.dialect === "sqlite" ? "?" : `$${position}`);
    let isBroken = false;
    const options = {
      name: "totals",
      from: [
        projects(notes.written, async (run, { id }) => {
          if (isBroken) throw new Error("not now");
          await run(
            `insert into totals values (${mark(1)}, 1) on conflict (id) do update set count = totals.count + 1`,
            [id],
          );
        }),
      ],
      reset: (run: SqlRunner) => run("delete from totals", []),
    };
    let projection: Projection | undefined;
    const follower = () =>
      service(contract("follower", { nothing: op({}) }), {
        async setup(host) {
          projection = await openProjection(host, database, options);
          return host.handle({ nothing: () => {} });
        },
      });
    const one = await start("follower", [follower()]);
    await start("follower", [follower()]);
    const expected = async () => {
      const { topics } = await (nodes[0] as MeshNode).client(eventLog).overview();
      return topics[0]?.next;
    };
    const total = async () => {
      const [row] = await database.run("select sum(count) as total from totals", []);
      return Number(row?.total);
    };
    await until("all are counted", async () => (await total()) === (await expected()));
    isBroken = true;
    await add(500, "later");
    await until("it is behind", async () => (await projection?.behindBy()) === 1);
    isBroken = false;
    await until("it has caught up", async () => (await projection?.caughtUp(1_000)) === true);
    assert.equal(await total(), await expected());
    await projection?.rebuild();
    await until("all are counted again", async () => (await total()) === (await expected()));
    await one.close();
  });

  test("an effect happens once, however often its event comes", async () => {
    const effect = (key: string) =>
      database.transaction(async (run) => {
        if (!(await inbox.isNew(run, "counters", key))) return "known";
        await run("insert into notes values (999, 'effect')", []);
        return "done";
      });
    assert.deepEqual(
      [await effect("a"), await effect("a"), await effect("b")],
      ["done", "known", "done"],
    );
    const failing = database.transaction(async (run) => {
      await inbox.isNew(run, "counters", "c");
      throw new Error("the effect failed");
    });
    await assert.rejects(failing);
    assert.equal(await effect("c"), "done", "what was rolled back was not done");
    const rows = await database.run("select * from notes where id = 999", []);
    assert.equal(rows.length, 3);
  });

  test("a request with a key is answered once, and its answer given again; another input is refused", async () => {
    let work = 0;
    const ask = (key: string, input: unknown) =>
      database.transaction((run) =>
        inbox.answerOnce(run, { scope: "buy kim", key, input }, async () => {
          work += 1;
          return { purchase: work };
        }),
      );
    assert.deepEqual(await ask("k1", { a: 1 }), { purchase: 1 });
    assert.deepEqual(await ask("k1", { a: 1 }), { purchase: 1 });
    assert.deepEqual(await ask("k2", { a: 1 }), { purchase: 2 });
    await assert.rejects(ask("k1", { a: 2 }), { code: "ALREADY_EXISTS" });
    assert.equal(work, 2);
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask("k3", {})));
    assert.deepEqual(answers, Array(4).fill({ purchase: 3 }), "whoever comes second waits");
  });
}
