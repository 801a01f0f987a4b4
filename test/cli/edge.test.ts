import assert from "node:assert/strict";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, root, start, stopCleanly } from "./support.ts";

const config = join(root, "test/cli/fixture/edge.config.ts");

/** The status of a request, or the code of the error that it ended with. */
function request(url: string, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    get(`${url}/hello/Kim`, { agent }, (response) => {
      response.resume().on("end", () => resolve(String(response.statusCode)));
      response.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    }).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Requests over connections that are kept, and over new ones, until told to stop. */
function load(url: string) {
  let isOver = false;
  let made = 0;
  const failures: string[] = [];
  const lane = async (agent: Agent | false) => {
    while (!isOver) {
      const outcome = await request(url, agent);
      made += 1;
      if (outcome !== "200") failures.push(outcome);
    }
  };
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const lanes = [...agents, false as const, false as const].map(lane);
  return {
    made: () => made,
    async stop() {
      isOver = true;
      await Promise.all(lanes);
      for (const agent of agents) agent.destroy();
      return failures;
    },
  };
}

test("gateways share their port, and are replaced or killed without a connection refused or reset", async (context) => {
  const fleet = start(context, ["up", "--config", config]);
  const url = await fleet.ready();
  const gateways = async () =>
    (await ps(context, fleet)).filter(({ name }) => name.startsWith("gateway"));
  const before = await gateways();
  assert.deepEqual(
    before.map(({ name, port }) => [name, port]),
    ["gateway-1", "gateway-2"].map((name) => [name, Number(new URL(url).port)]),
  );

  await context.test("a reload under load loses nothing", async () => {
    const requests = load(url);
    await until("the load flows", () => requests.made() > 200, 30_000);
    const environment = { DURE_DATA: fleet.dataFolder };
    const { code, stdout, stderr } = await dure(context, ["reload", "gateway"], { environment });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "reloaded gateway-1, gateway-2\n");
    const made = requests.made();
    await until("the load flows on", () => requests.made() > made + 200, 30_000);
    assert.deepEqual(await requests.stop(), []);
    const after = (await gateways()).map(({ pid }) => pid);
    assert.ok(before.every(({ pid }) => !after.includes(pid)));
  });

  await context.test("a connection made while none of them lives is answered", async () => {
    for (const { pid } of await gateways()) process.kill(pid as number, "SIGKILL");
    await until(
      "a request is answered",
      async () => {
        const outcome = await request(url, false);
        assert.notEqual(outcome, "ECONNREFUSED");
        return outcome === "200";
      },
      30_000,
    );
  });

  await stopCleanly(fleet);
});
