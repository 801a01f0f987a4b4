import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { openPostgresStorage } from "../../src/events/postgres/index.ts";
import { keepsWhatItAcknowledged } from "../events/support/engine-faults.ts";
import { eventsSuite } from "../events/support/events-suite.ts";
import { readEvents, storeEvents } from "../events/support/stored-events.ts";
import { until } from "../support/until.ts";

const server = process.env.DURE_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/test";
const schema = `dure_events_${process.pid}`;
const connect = async (to = schema) => {
  const client = new pg.Client({ connectionString: server, options: `-c search_path=${to}` });
  await client.connect();
  return client;
};
const administer = async (statement: string, values: unknown[] = []) => {
  const client = await connect();
  try {
    return (await client.query(statement, values)).rows;
  } finally {
    await client.end();
  }
};

describe("the event log in PostgreSQL", () => {
  before(() => administer(`create schema ${schema}`));
  after(() => administer(`drop schema ${schema} cascade`));
  eventsSuite(() => openPostgresStorage({ connect: () => connect() }));
});

describe("the event log when its connection to PostgreSQL is cut", () => {
  const own = `${schema}_cut`;
  before(() => administer(`create schema ${own}`));
  after(() => administer(`drop schema ${own} cascade`));

  /** A log in the schema, and what cuts its connection. */
  async function open() {
    let pid = 0;
    const storage = await openPostgresStorage({
      async connect() {
        const client = await connect(own);
        pid = (await client.query("select pg_backend_pid() pid")).rows[0].pid;
        return client;
      },
    });
    const cut = async () => void (await administer("select pg_terminate_backend($1)", [pid]));
    return { storage, cut };
  }

  test("what was acknowledged is there, and it goes on by itself", async () => {
    const { storage, cut } = await open();
    await keepsWhatItAcknowledged({ storage, interrupt: cut });
    await storage.close();
  });

  test("what comes after a failover that lost something has offsets of its own, so nobody passes it over", async () => {
    const { storage, cut } = await open();
    const event = { topic: "t.lost", key: "k", head: "{}", body: "{}" };
    await storeEvents(storage, { source: "a", epoch: 1, seq: 0, events: [event, event, event] });
    // As on a replica that had not got the last of it.
    const lost = `select id from ${own}.dure_log_topics where name = 't.lost'`;
    await administer(`delete from ${own}.dure_log_events where "offset" > 0 and topic = (${lost})`);
    await administer(`update ${own}.dure_log_topics set next = 1 where id = (${lost})`);
    await cut();
    const batch = { source: "b", epoch: 1, seq: 0, events: [event] };
    const isBack = () =>
      storeEvents(storage, batch).then(
        () => true,
        () => false,
      );
    await until("it is back", isBack, 30_000);
    const bounds = { eventsMax: 10, bytesMax: 1_000_000 };
    const stored = await readEvents(storage, { topic: "t.lost", from: 0, bounds });
    assert.deepEqual(
      stored.map(({ offset, id }) => [offset, id]),
      [
        [0, "a:1:0"],
        [3, "b:1:0"],
      ],
    );
    await storage.close();
  });

  test("two schemas of one database have a log each", async () => {
    const { storage } = await open();
    await administer(`create schema ${own}_too`);
    const other = await openPostgresStorage({ connect: () => connect(`${own}_too`) });
    await other.close();
    await administer(`drop schema ${own}_too cascade`);
    await storage.close();
  });
});
