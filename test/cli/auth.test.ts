import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { dure, root, start, stopCleanly } from "./support.ts";

const config = join(root, "test/cli/fixture/guarded.config.ts");

test("a key of dure api-key opens what its entry says; the gateway's process loads the project's verifier", async (context) => {
  const made = await dure(
    context,
    ["api-key", "--subject", "robot", "--scope", "names:read", "--json"],
    {},
  );
  assert.equal(made.code, 0, made.stderr);
  const { key, entry } = JSON.parse(made.stdout);
  assert.deepEqual(entry.scopes, ["names:read"]);
  const environment = { GUARDED_KEY_ID: entry.id, GUARDED_KEY_HASH: entry.hash };
  for (const mode of ["up", "dev"]) {
    const fleet = start(context, [mode, "--config", config], { environment });
    const url = `${await fleet.ready()}/name`;
    const nameOf = async (headers: Record<string, string>) => {
      const response = await fetch(url, { headers });
      return ((await response.json()) as { subject?: string }).subject ?? response.status;
    };
    assert.equal(await nameOf({}), 401);
    assert.equal(await nameOf({ authorization: `Bearer ${key}` }), "robot");
    assert.equal(await nameOf({ cookie: "guest=kim" }), "kim");
    await stopCleanly(fleet);
  }
  const printed = await dure(context, ["api-key", "--subject", "kim", "--expires", "2027-01-31"]);
  assert.match(printed.stdout, /^dure_\w{16}_[\w-]{43}\n\n[^{]+\{"id":"\w{16}","hash":"\w{64}",/);
});
