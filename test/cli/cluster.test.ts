import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, root, start, stopCleanly, temporaryFolder } from "./support.ts";

const app = join(root, "test/cli/fixture/cluster/app.mjs");

interface Answer {
  readonly version: string;
  readonly pid: number;
  readonly name: string;
}

/** What the program answers, or the code of the error that the request ended with. */
function request(url: string, agent: Agent | false): Promise<Answer | string> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    get(url, { agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (more) => {
        text += more;
      });
      response.on("end", () => resolve(JSON.parse(text))).on("error", onError);
    }).on("error", onError);
  });
}

async function startCluster(context: TestContext, ...flags: string[]) {
  const version = join(temporaryFolder(context), "version");
  writeFileSync(version, "1");
  const fleet = start(context, ["cluster", "-i", "2", ...flags, app, version]);
  const port = await until(
    "it is ready",
    () => /^ready: app on port (\d+)/m.exec(fleet.stdout())?.[1],
    30_000,
  );
  return {
    fleet,
    url: `http://127.0.0.1:${port}/`,
    install: (text: string) => writeFileSync(version, text),
  };
}

test("a plain server is cloned, shares its port, and is reloaded under load without a request lost", async (context) => {
  const { fleet, url, install } = await startCluster(context);
  const environment = { DURE_DATA: fleet.dataFolder };
  const failures: string[] = [];
  const seen = new Set<string>();
  let made = 0;
  let isOver = false;
  const agents = [false as const, false as const, new Agent({ keepAlive: true, maxSockets: 1 })];
  const lanes = agents.map(async (agent) => {
    while (!isOver) {
      const answer = await request(url, agent);
      made += 1;
      if (typeof answer === "string") failures.push(answer);
      else seen.add(`${answer.name} ${answer.version}`);
    }
  });
  await until("both are called", () => seen.size === 2, 30_000);

  install("2");
  const reload = await dure(context, ["reload"], { environment });
  assert.equal(reload.code, 0, reload.stderr);
  const madeBefore = made;
  await until("the load flows on", () => made > madeBefore + 50, 30_000);

  install("broken");
  const broken = await dure(context, ["reload"], { environment });
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /app-1 was not reloaded: .*the old one goes on/);
  isOver = true;
  await Promise.all(lanes);
  for (const agent of agents) if (agent) agent.destroy();
  assert.deepEqual(failures, []);
  assert.deepEqual([...seen].sort(), ["app-1 1", "app-1 2", "app-2 1", "app-2 2"]);

  install("2");
  await request(`${url}exit`, false);
  await until(
    "the one that crashed is back",
    async () => {
      const processes = await ps(context, fleet);
      return (
        processes.every(({ state }) => state === "ready") &&
        processes.some(({ restarts }) => restarts === 1)
      );
    },
    30_000,
  );
  await stopCleanly(fleet);
});

test("with --sticky address a client stays with one process", async (context) => {
  const { fleet, url } = await startCluster(context, "--sticky", "address");
  const names = new Set<string>();
  for (let count = 0; count < 8; count += 1) {
    const answer = await request(url, false);
    if (typeof answer !== "string") names.add(answer.name);
  }
  assert.equal(names.size, 1);
  await stopCleanly(fleet);
});
