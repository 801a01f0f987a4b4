import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { dure, fixtureConfig, root, temporaryFolder } from "./support.ts";

const config = (name: string) => join(root, "test/cli/fixture", `${name}.config.ts`);

test("doctor finds nothing wrong with a project that runs, and says where values come from", async (context) => {
  const environment = { GREETING: "Good day" };
  const args = ["doctor", "--config", fixtureConfig, "--json"];
  const { code, stdout, stderr } = await dure(context, args, { environment });
  assert.equal(code, 0, stdout + stderr);
  const findings = JSON.parse(stdout) as Finding[];
  assert.ok(
    findings.every(({ state }) => state === "good"),
    stdout,
  );
  const told = (what: string) => findings.find((each) => each.what === what)?.told;
  assert.equal(told("service hello"), "GREETING from GREETING");
  assert.equal(told("gateway.port"), "any free port");
  assert.match(told("node") ?? "", /^\d+\.\d+\.\d+ /);
});

test("doctor tells everything that is wrong at once, and what to do", async (context) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as { port: number };
  const environment = {
    PORT: String(port),
    DURE_DISTRIBUTORS: "127.0.0.1:1",
    DURE_EVENTS_URL: "postgres://127.0.0.1:1/events",
    DURE_CERTS: join(temporaryFolder(context), "nowhere"),
  };
  const args = ["doctor", "--config", config("broken")];
  const { code, stdout } = await dure(context, args, { environment });
  assert.equal(code, 1);
  for (const line of [
    new RegExp(`^bad +gateway\\.port +port ${port} is taken by .*set PORT`, "m"),
    /^bad +Distributor 127\.0\.0\.1:1 +.*make it with dure certs/m,
    /^bad +events\.url 127\.0\.0\.1:1 +.*ECONNREFUSED.*DURE_EVENTS_URL/m,
    /^bad +certificates +.*nowhere.*make them with dure certs/m,
    /^bad +service needy +the environment of needy has .*problem/m,
    /STRIPE_KEY is missing; set STRIPE_KEY/,
  ])
    assert.match(stdout, line);
});

test("doctor tells what is wrong with the configuration", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "dure.config.mjs"), "export default { name: 'x', servces: {} };");
  const { code, stdout } = await dure(context, ["doctor"], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stdout, /^bad +configuration +.*has 2 problems:/m);
  assert.match(stdout, /servces is not an option \(did you mean "services"\?\)/);
});
