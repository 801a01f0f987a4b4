import { describe } from "node:test";
import { postgresDatabase } from "../events/support/databases.ts";
import { sagaSuite } from "../saga/support/saga-suite.ts";

describe("sagas on PostgreSQL", () => {
  sagaSuite(() => postgresDatabase(`dure_saga_${process.pid}`));
});
