import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dure, linkDependencies, start, stopCleanly, temporaryFolder } from "./support.ts";

const node = [process.execPath, "--conditions=dure-source"] as const;

test("an added service runs beside the first, and its test passes", async (context) => {
  const folder = join(temporaryFolder(context), "shop");
  await dure(context, ["init", folder]);
  linkDependencies(folder);
  const { code, stdout, stderr } = await dure(context, ["add", "service", "gift-cards"], {
    cwd: folder,
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^created contracts\/gift-cards\.ts {2}services\/gift-cards\.ts .*\n/);
  assert.match(stdout, /^changed dure\.config\.ts$/m);

  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const [file, ...flags] = node;
  const own = spawnSync(file, [...flags, "--test", "test/gift-cards.test.ts"], {
    cwd: folder,
    env,
  });
  assert.equal(own.status, 0, `${own.stdout}${own.stderr}`);

  const fleet = start(context, ["dev"], { cwd: folder });
  const url = await fleet.ready();
  for (const name of ["hello", "gift-cards"]) {
    const response = await fetch(`${url}/${name}/Kim`);
    assert.deepEqual(await response.json(), { text: "Hello, Kim" }, name);
  }
  await stopCleanly(fleet);
});

test("what is there is not written over", async (context) => {
  const folder = join(temporaryFolder(context), "shop");
  await dure(context, ["init", folder]);
  linkDependencies(folder);
  const add = (name: string) => dure(context, ["add", "service", name], { cwd: folder });
  const config = () => readFileSync(join(folder, "dure.config.ts"), "utf8");
  const before = config();

  const twice = await add("hello");
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /has a service "hello" already/);

  writeFileSync(join(folder, "services/shout.ts"), "// mine\n");
  const inTheWay = await add("shout");
  assert.equal(inTheWay.code, 2);
  assert.match(inTheWay.stderr, /services\/shout\.ts is there already; nothing was written/);

  for (const [name, why] of [
    ["Shout", /small letters, digits and single hyphens/],
    ["../shout", /small letters, digits and single hyphens/],
    ["delete", /a word of the language/],
    ["gateway", /one of Dure's own processes/],
  ] as const) {
    const refused = await add(name);
    assert.equal(refused.code, 2, name);
    assert.match(refused.stderr, why);
  }
  assert.equal(config(), before);
});

test("a configuration written in another way gets its line from the user", async (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "services"));
  linkDependencies(folder);
  const text = 'const services = {};\nexport default { name: "shop", services };\n';
  writeFileSync(join(folder, "dure.config.ts"), text);
  const { code, stdout } = await dure(context, ["add", "service", "shout"], { cwd: folder });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /add this to `services` in dure\.config\.ts: {2}shout: \(\) => import\("\.\/services\/shout\.ts"\),/,
  );
  assert.equal(readFileSync(join(folder, "dure.config.ts"), "utf8"), text);
});
