import { after, before, describe } from "node:test";
import pg from "pg";
import { shopSuite } from "../support/shop-suite.ts";

const server = process.env.DURE_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/test";
const database = `dure_shop_${process.pid}`;

/** Runs one statement on the server's own database. */
async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

describe("the shop on PostgreSQL", () => {
  before(() => administer(`create database ${database}`));
  after(() => administer(`drop database ${database} with (force)`));
  const url = new URL(server);
  url.pathname = `/${database}`;
  shopSuite({ DATABASE_URL: url.href });
});
