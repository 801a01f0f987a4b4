import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dure, fixtureConfig, start, stopCleanly } from "./support.ts";

test("with an authority, up encrypts every link, and the other commands find their way in", async (context) => {
  const certs = mkdtempSync(join(tmpdir(), "dure-certs-"));
  context.after(() => rmSync(certs, { recursive: true }));
  const config = ["--config", fixtureConfig];
  const made = await dure(context, ["certs", "init", "--dir", certs, ...config]);
  assert.equal(made.code, 0, made.stderr);
  const again = await dure(context, ["certs", "init", "--dir", certs, ...config]);
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /ca\.pem is there; a new authority would end the old one/);

  const fleet = start(context, ["up", ...config], {
    environment: { GREETING: "Good day", DURE_CERTS: certs },
  });
  const url = await fleet.ready();
  const response = await fetch(`${url}/shout`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Kim" }),
  });
  assert.equal(((await response.json()) as { text: string }).text, "GOOD DAY, KIM");

  const environment = { DURE_DATA: fleet.dataFolder };
  const nodes = await dure(context, ["nodes", "--json"], { environment });
  assert.equal(nodes.code, 0, nodes.stderr);
  const records: { port: number; slot: string }[] = JSON.parse(nodes.stdout);
  assert.ok(records.some(({ slot }) => slot === "hello-1"));
  const { port } = records.find(({ slot }) => slot === "hello-1") ?? { port: 0 };
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`), "plain bytes get nowhere");

  const listed = await dure(context, ["certs", "list", "--dir", certs, "--json"]);
  const files = JSON.parse(listed.stdout).map(({ file }: { file: string }) => file);
  assert.deepEqual(files.sort(), [
    "ca.pem",
    "distributor.pem",
    "dure.pem",
    "gateway.pem",
    "hello.pem",
    "shout.pem",
  ]);
  await stopCleanly(fleet);
});
