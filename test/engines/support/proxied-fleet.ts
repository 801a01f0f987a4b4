/** Gateways in this process, and a proxy of the machine before them that reads what `dure export` keeps up to date. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { freePort } from "../../../bench/harness/free-port.ts";
import { createGateway, type Gateway } from "../../../src/gateway/index.ts";
import { createNode } from "../../../src/mesh/index.ts";
import { createDistributor } from "../../../src/registry/index.ts";
import { start, stopCleanly, temporaryFolder } from "../../cli/support.ts";
import { startOrigin } from "../../gateway/upstream/support.ts";
import { until } from "../../support/until.ts";

const token = "a token of the test alone, long enough";

/** A proxy's own program and files. */
export interface ProxyProgram {
  readonly format: "nginx" | "haproxy";
  /** Writes the configuration beside the exported file, and gives the command that starts it. */
  prepare(folder: string, port: number): readonly [string, ...string[]];
  /** Makes it read the exported file again. */
  reload(folder: string): string;
}

/** Requests through the proxy reach each gateway that is there, and no other. */
export async function checkExport(t: TestContext, program: ProxyProgram): Promise<void> {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "logs"));
  const distributor = await createDistributor({ mesh: "shop", port: 0, token });
  t.after(() => distributor.close());
  const startGateway = async (name: string): Promise<Gateway> => {
    const node = await createNode({
      ...{ name: "gateway", slot: name, mesh: "shop", token, services: [] },
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
    });
    const upstream = await startOrigin(t, (_request, response) => {
      response.end(name);
    });
    const gateway = await createGateway({
      ...{ node, port: 0 },
      routes: [{ path: "/*", upstream, auth: "public" }],
    });
    t.after(async () => {
      await gateway.close();
      await node.close();
    });
    return gateway;
  };
  await startGateway("one");

  const out = join(folder, "upstreams.conf");
  const flags = ["--out", out, "--watch", "--reload", program.reload(folder)];
  const joining = ["--join", `127.0.0.1:${distributor.port}`];
  const environment = { DURE_TOKEN: token, DURE_NAME: "shop" };
  const port = await freePort();
  const [file, ...args] = program.prepare(folder, port);
  const exporting = start(t, ["export", program.format, ...flags, ...joining], {
    cwd: folder,
    environment,
  });
  await exporting.ready();
  assert.match(readFileSync(out, "utf8"), /shop_gateway/);
  const proxy = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => ended(proxy));
  await until("the proxy listens", () => answers(port), 30_000);

  const ask = async () => (await fetch(`http://127.0.0.1:${port}/x`)).text();
  await until("a request goes through", async () => (await ask()) === "one", 30_000);
  const second = await startGateway("two");
  await until("the second one is asked too", async () => (await ask()) === "two", 30_000);
  await second.close();
  const seen = () => readFileSync(out, "utf8").match(/^ +server /gm)?.length;
  await until("it is out of the file", () => seen() === 1, 30_000);
  const asked = async () => new Set(await Promise.all([ask(), ask(), ask(), ask(), ask(), ask()]));
  await until("it is asked no more", async () => !(await asked()).has("two"), 30_000);
  await until("the last reload is over", () => exporting.members().length === 1, 30_000);
  await stopCleanly(exporting);
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await closed;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket
      .on("error", () => resolve(false))
      .on("connect", () => {
        socket.destroy();
        resolve(true);
      });
  });
}
