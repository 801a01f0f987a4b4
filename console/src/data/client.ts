/** The console's server, typed by its contract. */
import { pick } from "dure";
import { httpClient } from "dure/http";
import { consoleContract } from "../../../src/console/console-contract.ts";

const bearerKey = "dure-console-bearer";

/** The session's bearer. It outlives a reload of the page and dies with its tab. */
export const bearer = {
  get: () => sessionStorage.getItem(bearerKey) ?? undefined,
  set: (value: string) => sessionStorage.setItem(bearerKey, value),
  drop: () => sessionStorage.removeItem(bearerKey),
};

const options = { baseUrl: new URL(".", location.href).href, token: bearer.get };
// Written out for the bundler, which leaves everything else of the contract away, schemas included.
const called = pick(
  consoleContract,
  "signIn",
  "session",
  "fleet",
  "traffic",
  "contracts",
  "tryCall",
  "traces",
  "trace",
  "logs",
  "followLogs",
  "topics",
  "deadLetters",
  "replayDeadLetter",
  "dropDeadLetter",
  "sagas",
  "saga",
  "retrySaga",
  "abandonSaga",
  "processes",
  "reload",
  "scale",
  "routes",
  "explainRoute",
  "limits",
  "caches",
  "audit",
);
export const client = httpClient(called, options);
