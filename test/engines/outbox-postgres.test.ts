import { describe } from "node:test";
import { postgresDatabase } from "../events/support/databases.ts";
import { outboxSuite } from "../events/support/outbox-suite.ts";

describe("outbox and inbox on PostgreSQL", () => {
  outboxSuite(() => postgresDatabase(`dure_outbox_${process.pid}`));
});
