import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dure, installBuilt, root, start, stopCleanly, temporaryFolder } from "./support.ts";

test("init makes a project that runs, passes its test and type-checks with the built package", async (context) => {
  const folder = join(temporaryFolder(context), "shop");
  const { code, stdout, stderr } = await dure(context, ["init", folder]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^created 9 files: package\.json .*\nnext: .*npm install && npx dure dev$/m);
  const { dureCommand } = await installBuilt(folder);

  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = (file: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(file, args, { cwd: folder, env });
    assert.equal(status, 0, `${stdout}${stderr}`);
  };
  for (const command of ["dev", "up"]) {
    await context.test(`dure ${command}`, async () => {
      const fleet = start(context, [command], { cwd: folder, command: dureCommand });
      const response = await fetch(`${await fleet.ready()}/hello/Kim`);
      assert.deepEqual(await response.json(), { text: "Hello, Kim" });
      assert.match(fleet.stdout(), /^ready.*: shop is at /m);
      await stopCleanly(fleet);
    });
  }
  await context.test("its own test", () => run(process.execPath, "--test"));
  await context.test("its types", () => run(join(root, "node_modules/.bin/tsc"), "--build"));
});

test("init writes into an empty folder only", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "precious.txt"), "keep me");
  const { code, stderr } = await dure(context, ["init"], { cwd: folder });
  assert.equal(code, 2);
  assert.match(stderr, /is not empty \(precious\.txt\); nothing was written/);
  assert.deepEqual(readdirSync(folder), ["precious.txt"]);
});

test("a name that npm would refuse is refused with a way out", async (context) => {
  const { code, stderr } = await dure(context, ["init", "x", "--name", "My Shop"], {
    cwd: temporaryFolder(context),
  });
  assert.equal(code, 2);
  assert.match(stderr, /"My Shop" cannot be the name of a project: .* choose one with --name/);
});

test("the project gets the versions that this package was built with", async (context) => {
  const folder = join(temporaryFolder(context), "shop");
  await dure(context, ["init", folder]);
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const made = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  assert.equal(made.dependencies.zod, `^${own.dependencies.zod}`);
  assert.equal(made.devDependencies.typescript, `^${own.devDependencies.typescript}`);
});
