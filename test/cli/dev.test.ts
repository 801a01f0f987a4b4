import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../support/until.ts";
import {
  linkDependencies,
  ps,
  smallConfig,
  start,
  stopCleanly,
  temporaryFolder,
} from "./support.ts";

/** A copy of the fixture that may be changed. */
function project(context: TestContext): string {
  const folder = temporaryFolder(context);
  cpSync(dirname(smallConfig), folder, { recursive: true });
  linkDependencies(folder);
  return folder;
}

function change(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  assert.ok(text.includes(from), `${file} has no ${from}`);
  writeFileSync(file, text.replace(from, to));
}

test("dev runs everything in one process and starts it again when a file changes", async (context) => {
  const folder = project(context);
  const service = join(folder, "services/hello.ts");
  const dev = start(context, ["dev"], { cwd: folder });
  const url = await dev.ready();
  const greeting = async () => {
    const response = await fetch(`${url}/hello/Kim`).catch(() => undefined);
    return response?.ok ? ((await response.json()) as { text: string }).text : undefined;
  };
  const says = (text: string) =>
    until(`it says ${text}`, async () => (await greeting()) === text).catch((error) =>
      assert.fail(`${error.message}\n${dev.stdout()}${dev.stderr()}`),
    );

  await context.test("the ready line and ps", async () => {
    assert.equal(await greeting(), "Hello, Kim");
    assert.match(dev.stdout(), /^ready in \d+\.\d s: fixture is at http:\/\/localhost:\d+/m);
    const [only, ...others] = await ps(context, dev);
    assert.equal(only?.name, "dev");
    assert.deepEqual(others, []);
    assert.equal(dev.members().length, 2);
  });

  await context.test("a changed service counts at once", async () => {
    change(service, '"Hello"', '"Good day"');
    await says("Good day, Kim");
  });

  await context.test(
    "a value in .env counts at once, also for a service that was there before",
    async () => {
      writeFileSync(join(folder, ".env"), "GREETING=Welcome\n");
      await says("Welcome, Kim");
    },
  );

  await context.test("a syntax error is shown, and the next change heals it", async () => {
    change(service, "export default", "export defualt");
    await until("it is told", () => /waiting for a file to change/.test(dev.stdout()));
    assert.match(dev.stdout(), /services\/hello\.ts/);
    change(service, "export defualt", "export default");
    await says("Welcome, Kim");
  });

  await context.test("a broken configuration is shown, and the running process stays", async () => {
    change(join(folder, "dure.config.ts"), "processes:", "proceses:");
    await until("it is told", () => /did you mean "processes"/.test(dev.stdout()));
    assert.equal(await greeting(), "Welcome, Kim");
  });

  await context.test("Ctrl-C ends it with exit code 0", () => stopCleanly(dev));
});
