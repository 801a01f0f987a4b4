import { after, before, describe, test } from "node:test";
import pg from "pg";
import { openPostgresStorage } from "../../src/events/postgres/index.ts";
import { keepsWhatItAcknowledged } from "../events/support/engine-faults.ts";
import { eventsSuite } from "../events/support/events-suite.ts";

const server = process.env.DURE_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/test";
const schema = `dure_events_${process.pid}`;
const connect = async () => {
  const client = new pg.Client({ connectionString: server, options: `-c search_path=${schema}` });
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
  eventsSuite(() => openPostgresStorage({ connect }));
});

describe("the event log when its connection to PostgreSQL is cut", () => {
  const own = `${schema}_cut`;
  before(() => administer(`create schema ${own}`));
  after(() => administer(`drop schema ${own} cascade`));

  test("what was acknowledged is there, and it goes on by itself", async () => {
    let pid = 0;
    const storage = await openPostgresStorage({
      async connect() {
        const client = new pg.Client({
          connectionString: server,
          options: `-c search_path=${own}`,
        });
        await client.connect();
        pid = (await client.query("select pg_backend_pid() pid")).rows[0].pid;
        return client;
      },
    });
    await keepsWhatItAcknowledged({
      storage,
      interrupt: async () => void (await administer("select pg_terminate_backend($1)", [pid])),
    });
    await storage.close();
  });
});
