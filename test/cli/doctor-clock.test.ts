import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { until } from "../support/until.ts";
import {
  dure,
  mainFile,
  root,
  smallConfig,
  start,
  stopCleanly,
  temporaryFolder,
} from "./support.ts";

/** The command line in a process whose clock is wrong. */
function shifted(ms: number): readonly string[] {
  const code = `const now = Date.now; Date.now = () => now() + ${ms};`;
  const flags = ["--import", `data:text/javascript,${encodeURIComponent(code)}`];
  return [process.execPath, ...flags, "--conditions=dure-source", mainFile];
}

test("doctor compares the clocks of other machines with this one's", async (context) => {
  const cwd = temporaryFolder(context);
  const environment = { DURE_TOKEN: "a token that all of the mesh know 0123456789" };
  const distributor = start(context, ["distributor", "--port", "0"], { cwd, environment });
  await distributor.ready();
  const address = /at (\S+:\d+)/.exec(distributor.stdout())?.[1] ?? "";
  const app = join(root, "test/sidecar/support/app.mjs");
  const node = async (name: string, ms: number) => {
    const urls = ["--urls", `GET /${name}/*`, "--health", "/healthz"];
    const args = ["sidecar", "--name", name, "--slot", name, ...urls, "--join", address];
    const command = shifted(ms);
    const running = start(context, [...args, "--", process.execPath, app], {
      cwd,
      environment,
      command,
    });
    await running.ready();
    return running;
  };
  const clocks = async () => {
    const flags = ["--config", smallConfig, "--join", address, "--json"];
    const name = { DURE_NAME: "dure", PORT: "0" };
    const { stdout, stderr } = await dure(context, ["doctor", ...flags], {
      environment: { ...environment, ...name },
    });
    assert.match(stdout, /^\[/, stderr);
    return (JSON.parse(stdout) as Finding[]).filter(({ what }) => /^clock(s| of)/.test(what));
  };

  const right = await node("right", 0);
  const good = await until(
    "the node is known",
    async () => {
      const found = await clocks();
      return found[0]?.told.startsWith("2 others") ? found : undefined;
    },
    60_000,
  );
  assert.equal(good.length, 1);
  assert.match(good[0]?.told ?? "", /^2 others within \d+ ms$/);
  assert.equal(good[0]?.state, "good");

  const [fast, slow] = await Promise.all([node("fast", 120_000), node("slow", -20_000)]);
  const wrong = await until(
    "both are known",
    async () => {
      const found = await clocks();
      return found.length === 2 ? found : undefined;
    },
    60_000,
  );
  const byName = wrong.sort((a, b) => a.what.localeCompare(b.what));
  assert.deepEqual(
    byName.map(({ what, state }) => [what, state]),
    [
      ["clock of node fast", "bad"],
      ["clock of node slow", "doubtful"],
    ],
  );
  assert.match(
    byName[0]?.told ?? "",
    /^1(19|20)\.\d s ahead of this machine's; tokens are refused, .* NTP: chronyc/,
  );
  assert.match(
    byName[1]?.told ?? "",
    /^(19|20)\.\d s behind this machine's; traces and logs are out of order/,
  );

  for (const running of [right, fast, slow]) await stopCleanly(running);
  await stopCleanly(distributor);
});
