import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { consoleContract } from "../../src/console/console-contract.ts";
import { httpClient } from "../../src/http-client/index.ts";
import { until } from "../support/until.ts";
import { dure, smallConfig, start } from "./support.ts";

const environment = { DURE_CONSOLE: "on", DURE_CONSOLE_PORT: "0" };

/** The URL that a command printed, and its token. */
function urlIn(text: string): { readonly base: string; readonly token: string } {
  const found = new URL(/http:\/\/localhost:\d+\/\?token=\S+/.exec(text)?.[0] ?? "");
  return { base: found.origin, token: found.searchParams.get("token") ?? "" };
}

async function signIn(text: string) {
  const { base, token } = urlIn(text);
  const { bearer } = await httpClient(consoleContract, { baseUrl: base }).signIn({ token });
  return httpClient(consoleContract, { baseUrl: base, token: () => bearer });
}

test("dure up runs a console that shows the fleet, reloads and scales it", async (context) => {
  const up = start(context, ["up", "--config", smallConfig], { environment });
  await up.ready();
  const said = up.stdout();
  assert.match(said, /^console: http:\/\/localhost:\d+\/\?token=/m);
  const client = await signIn(said);
  const session = await client.session();
  assert.deepEqual(session.has, { supervisor: true, eventLog: false, telemetry: true });
  const { items } = await client.processes();
  assert.deepEqual(items.map(({ name, state }) => `${name} ${state}`).sort(), [
    "console ready",
    "distributor ready",
    "gateway ready",
    "hello-1 ready",
  ]);
  const { reloaded } = await client.reload({ names: ["hello-1"] });
  assert.deepEqual(reloaded, ["hello-1"]);
  assert.deepEqual((await client.scale({ kind: "hello", count: 2 })).failures, []);
  await until("both instances are in the view", async () => {
    const { items: contracts } = await client.contracts();
    return contracts.find(({ service }) => service === "hello")?.nodes.length === 2;
  });
  const tried = await client.tryCall({
    service: "hello",
    operation: "greet",
    input: { name: "Kim" },
  });
  assert.equal(tried.isOk, true, JSON.stringify(tried.error));
  await until("the call's trace is there", async () => {
    const found = await client.trace({ traceId: tried.traceId }).result();
    return found.ok && found.value.spans.some(({ kind }) => kind === "server");
  });
  await until("a gateway tells its limits too", async () =>
    (await client.limits()).items.some(({ node }) => node === "gateway"),
  );
  await until("the log is there", async () => (await client.logs({})).items.length > 0);

  const again = { environment: { ...environment, DURE_DATA: up.dataFolder } };
  const reader = await dure(context, ["console", "--read-only", "--who", "night shift"], again);
  const looking = await signIn(reader.stdout);
  assert.deepEqual(
    [(await looking.session()).who, (await looking.session()).canOperate],
    ["night shift", false],
  );
  const folder = join(up.dataFolder, "logs");
  for (const name of readdirSync(folder))
    assert.doesNotMatch(readFileSync(join(folder, name), "utf8"), /\?token=/, name);
  up.signal("SIGTERM");
  assert.equal((await up.ended).code, 0);
});

test("dure dev runs one too, in its one process", async (context) => {
  const dev = start(context, ["dev", "--config", smallConfig], { environment });
  await dev.ready();
  const client = await signIn(dev.stdout());
  const { items } = await client.contracts();
  assert.ok(items.some(({ service }) => service === "hello"));
  const outcome = await client.reload({ names: [] }).result();
  assert.match(outcome.ok ? "" : outcome.error.message, /dure dev starts anew by itself/);
  dev.signal("SIGTERM");
  assert.equal((await dev.ended).code, 0);
});

test("a mesh that runs without a console gets one by dure console", async (context) => {
  const up = start(context, ["up", "--config", smallConfig]);
  await up.ready();
  assert.doesNotMatch(up.stdout(), /^console/m);
  const shared = { environment: { ...environment, DURE_DATA: up.dataFolder } };
  const alone = start(context, ["console"], shared);
  await until("it is ready", () => /^ready: console at /m.test(alone.stdout()));
  const client = await signIn(alone.stdout());
  const { items } = await client.processes();
  assert.deepEqual(items.map(({ name }) => name).sort(), ["distributor", "gateway", "hello-1"]);
  alone.signal("SIGTERM");
  assert.equal((await alone.ended).code, 0);
});

test("a console's port that is taken is told like any other, before anything starts", async (context) => {
  const holder = createServer().listen(0, "127.0.0.1");
  context.after(() => holder.close());
  await until("the port is taken", () => holder.listening);
  const { port } = holder.address() as { port: number };
  const taken = { environment: { DURE_CONSOLE: "on", DURE_CONSOLE_PORT: String(port) } };
  const { code, stderr } = await dure(context, ["up", "--config", smallConfig], taken);
  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`^port ${port} is taken by .* DURE_CONSOLE_PORT`));
});
