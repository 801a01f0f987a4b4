import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  dure,
  fixtureConfig,
  linkDependencies,
  mainFile,
  root,
  start,
  temporaryFolder,
} from "./support.ts";

const config = (name: string) => join(root, "test/cli/fixture", `${name}.config.ts`);

async function takenPort(context: TestContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return (server.address() as { port: number }).port;
}

test("taken ports are named with their variables and who has them; nothing is started", async (context) => {
  const [port, distributorPort] = [await takenPort(context), await takenPort(context)];
  const environment = { PORT: String(port), DURE_DISTRIBUTOR_PORT: String(distributorPort) };
  for (const command of ["up", "dev"]) {
    const fleet = start(context, [command, "--config", fixtureConfig], { environment });
    const { code, stderr, stdout } = await fleet.ended;
    assert.equal(code, 3);
    assert.equal(stdout, "");
    const holder = process.platform === "linux" ? `process ${process.pid} \\(.*\\)` : ".*";
    assert.match(
      stderr,
      new RegExp(`^port ${port} is taken by ${holder}; .* set PORT to another port`, "m"),
    );
    assert.match(
      stderr,
      new RegExp(`^port ${distributorPort} is taken by .* DURE_DISTRIBUTOR_PORT`, "m"),
    );
    assert.doesNotMatch(stderr, /^\s+at /m);
    assert.deepEqual(fleet.members(), []);
  }
});

test("a Distributor alone says the same of its port", async (context) => {
  const port = await takenPort(context);
  const { code, stderr } = await dure(context, ["distributor", "--port", String(port)]);
  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`^port ${port} is taken by .* DURE_DISTRIBUTOR_PORT`));
});

test("what is wrong with services and their environment is told together, and up gives up", async (context) => {
  const fleet = start(context, ["up", "--config", config("broken")]);
  const { code, stderr } = await fleet.ended;
  assert.equal(code, 2, stderr);
  assert.match(stderr, /STRIPE_KEY/);
  assert.match(stderr, /PAGE_SIZE/);
  assert.match(stderr, /services\.another loads the service of the contract "hello"; rename/);
  assert.match(stderr, /services\.empty is not a service: .* exports default service/);
  assert.deepEqual(fleet.members(), []);
});

test("a value that a service refuses is told with where it was set, and without the value", async (context) => {
  const folder = temporaryFolder(context);
  linkDependencies(folder);
  cpSync(join(root, "test/cli/fixture/services/needy.ts"), join(folder, "needy.ts"));
  writeFileSync(
    join(folder, "dure.config.mjs"),
    "export default { name: 'x', services: { needy: () => import('./needy.ts') } };",
  );
  writeFileSync(join(folder, ".env"), "# of everybody\n\nNEEDY__PAGE_SIZE=hush-hush\n");
  for (const command of [["up"], ["serve", "needy.ts"], ["doctor"]]) {
    const { code, stdout, stderr } = await dure(context, command, { cwd: folder });
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /the environment of needy has 2 problems:/);
    assert.match(stdout + stderr, / \.env:3: PAGE_SIZE is refused: /);
    assert.match(stdout + stderr, / {2}STRIPE_KEY is missing; set STRIPE_KEY/);
    assert.doesNotMatch(stdout + stderr, /hush-hush/);
  }
  const environment = { PAGE_SIZE: "many", STRIPE_KEY: "x", NEEDY__PAGE_SIZE: "" };
  const { stderr } = await dure(context, ["serve", "needy.ts"], { cwd: folder, environment });
  assert.match(stderr, /NEEDY__PAGE_SIZE in the environment: PAGE_SIZE is refused: /);
});

test("a service that crashes at each start is given up with its last words", async (context) => {
  const fleet = start(context, ["up", "--config", config("crashing")]);
  const { code, stdout, stderr } = await fleet.ended;
  assert.equal(code, 1, stderr);
  assert.match(stdout, /crashing-1 +\| about to fall over/);
  assert.match(stderr, /the disk is made of cheese/);
  assert.deepEqual(fleet.members(), []);
});

test("a configuration with problems lists them all, without a stack", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(
    join(folder, "dure.config.mjs"),
    "export default {\n  name: 'x', services: {}, gatway: {},\n  host: 7, profiles: { night: { host: 8, logs: { ...{ level: 'loud' } } } },\n};",
  );
  const { code, stderr } = await dure(context, ["up"], {
    cwd: folder,
    environment: { PORT: "80a" },
  });
  assert.equal(code, 2);
  assert.match(stderr, /has 5 problems:\n/);
  for (const line of [
    / .*\/dure\.config\.mjs:2:28: gatway is not an option \(did you mean "gateway"\?\)/,
    / .*\/dure\.config\.mjs:3:3: host is 7; it must be a string/,
    / .*\/dure\.config\.mjs:3:33: profiles\.night\.host is 8; it must be a string/,
    / {2}profiles\.night\.logs\.level is "loud"; it must be one of /,
    / {2}the environment: PORT is "80a"; it must be a port number/,
  ])
    assert.match(stderr, line);
  assert.doesNotMatch(stderr, /^\s+at /m);
});

for (const { args, message } of [
  { args: ["ups"], message: /unknown command 'ups'.*Did you mean .*up/s },
  { args: ["up", "--prot", "1"], message: /unknown option '--prot'.*Did you mean --port\?/s },
  { args: ["up"], message: /there is no dure\.config\.ts in .* dure init/ },
  {
    args: ["up", "--config", "nowhere.ts"],
    message: /there is no configuration file .*nowhere\.ts/,
  },
  { args: ["call", "hello"], message: /"hello" names no operation; write service\.operation/ },
  { args: ["call", "hello.greet", "{nam"], message: /the input is not JSON/ },
  { args: ["serve"], message: /missing required argument 'file'/ },
  { args: ["api-key"], message: /required option '--subject <id>' not specified/ },
  {
    args: ["api-key", "--subject", "kim", "--expires", "2027-02-30"],
    message: /It must be a day such as "2027-01-31"/,
  },
  { args: ["host", "x"], message: /started by `dure up` and `dure dev`, not by hand/ },
]) {
  test(`dure ${args.join(" ")} says what is wrong`, async (context) => {
    const { code, stderr, stdout } = await dure(context, args, { cwd: temporaryFolder(context) });
    assert.match(stderr, message);
    assert.equal(stdout, "");
    assert.ok(code === 2 || args[0] === "host", `exit code ${code}`);
  });
}

test("every command has help with examples, and none of it starts anything", async (context) => {
  const { code, stdout } = await dure(context, ["--help"]);
  assert.equal(code, 0);
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+)(?: \[| <)/gm)].map(([, name]) => name ?? "");
  assert.ok(commands.length >= 10, stdout);
  assert.ok(!commands.includes("host"));
  for (const command of commands.filter((name) => name !== "help")) {
    const help = await dure(context, [command, "--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Examples:\n {2}\$ .*dure /m, command);
  }
});

test("--version is the package's", async (context) => {
  const { stdout } = await dure(context, ["--version"]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test("on an old Node the command says which one it needs and how to get it", async (context) => {
  const pretend =
    "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.11.0'}})";
  const command = [process.execPath, "--import", pretend, "--conditions=dure-source", mainFile];
  const { code, stderr } = await dure(context, ["up"], { command });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /dure needs Node 22\.18 or newer, and this is 20\.11\.0 .*\n.*nvm install 24/,
  );
});
