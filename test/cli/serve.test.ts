import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, root, start, stopCleanly, temporaryFolder } from "./support.ts";

const service = join(root, "test/cli/fixture/services/hello.ts");

test("a Distributor and a service alone make a mesh that can be called", async (context) => {
  const folder = temporaryFolder(context);
  const environment = { DURE_DATA: join(folder, ".dure"), DURE_NAME: "fixture" };
  const options = { cwd: folder, environment };
  const distributor = start(context, ["distributor"], options);
  await distributor.ready();
  const address = /127\.0\.0\.1:\d+/.exec(distributor.stdout())?.[0] ?? "";
  const serve = start(context, ["serve", service, "--join", address, "--slot", "hello-7"], {
    ...options,
    environment: { ...environment, HELLO__GREETING: "Ahoy" },
  });
  await serve.ready();

  const call = (...args: string[]) => dure(context, [...args, "--join", address], options);
  const listed = await until("the service is registered", async () => {
    const { stdout } = await call("nodes", "--json");
    const nodes = JSON.parse(stdout);
    return nodes.length > 0 ? nodes : undefined;
  });
  assert.equal(listed[0].slot, "hello-7");
  assert.equal(listed[0].services[0].name, "hello");

  const { code, stdout, stderr } = await call("call", "hello.greet", '{"name":"Kim"}');
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).text, "Ahoy, Kim");

  await stopCleanly(serve);
  const gone = await call("call", "hello.greet", '{"name":"Kim"}');
  assert.notEqual(gone.code, 0);
  await stopCleanly(distributor);
});

test("a service without its token is refused by the mesh, in words", async (context) => {
  const folder = temporaryFolder(context);
  const distributor = start(context, ["distributor"], {
    cwd: folder,
    environment: { DURE_TOKEN: "right" },
  });
  await distributor.ready();
  const address = /127\.0\.0\.1:\d+/.exec(distributor.stdout())?.[0] ?? "";
  const { code, stderr } = await dure(context, ["call", "hello.greet", "{}", "--join", address], {
    cwd: folder,
    environment: { DURE_TOKEN: "wrong" },
  });
  assert.equal(code, 4);
  assert.match(stderr, /no Distributor lets this command in: .*token/);
  await stopCleanly(distributor);
});

test("beyond loopback a fleet needs a token of its own, and gets one", async (context) => {
  const folder = temporaryFolder(context);
  const distributor = start(context, ["distributor", "--host", "0.0.0.0"], { cwd: folder });
  await distributor.ready();
  await stopCleanly(distributor);
});
