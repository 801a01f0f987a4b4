import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { isAlive, ps, type Running, slowConfig, smallConfig, start } from "./support.ts";

const up = ["up", "--config", smallConfig];
const throughNpm = ["npm", "run", "--silent", "dure", "--"];

/** Each way in which a fleet is told to end. */
const ways: { what: string; command?: string[]; end(fleet: Running): void }[] = [
  { what: "SIGINT to the leader alone", end: (fleet) => fleet.signal("SIGINT") },
  { what: "SIGTERM to the leader alone", end: (fleet) => fleet.signal("SIGTERM") },
  {
    what: "Ctrl-C of a terminal, to the whole group",
    end: (fleet) => fleet.signal("SIGINT", "group"),
  },
  {
    what: "SIGTERM to the whole group",
    end: (fleet) => fleet.signal("SIGTERM", "group"),
  },
  {
    what: "SIGINT twice in a row",
    end: (fleet) => {
      fleet.signal("SIGINT");
      fleet.signal("SIGINT", "group");
    },
  },
  {
    what: "SIGINT to npm alone",
    command: throughNpm,
    end: (fleet) => fleet.signal("SIGINT"),
  },
  {
    what: "SIGINT to npm and everything below it",
    command: throughNpm,
    end: (fleet) => fleet.signal("SIGINT", "group"),
  },
  {
    what: "SIGTERM to npm alone",
    command: throughNpm,
    end: (fleet) => fleet.signal("SIGTERM"),
  },
];

for (const { what, command, end } of ways) {
  test(`${what} stops everything, and the exit code is 0`, async (context) => {
    const fleet = start(context, up, command ? { command } : {});
    await fleet.ready();
    end(fleet);
    const { code, stdout, stderr } = await fleet.ended;
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(fleet.members(), [], "processes were left behind");
    assert.match(stdout, /^stopped 3 of 3 processes$/m);
  });
}

for (const { what, command } of [
  { what: "the leader", command: undefined },
  { what: "npm", command: throughNpm },
]) {
  test(`${what} is killed: everything below it ends by itself`, async (context) => {
    const fleet = start(context, up, command ? { command } : {});
    await fleet.ready();
    const pids = (await ps(context, fleet)).map(({ pid }) => pid as number);
    fleet.signal("SIGKILL");
    await until(
      "nobody is left",
      () => !pids.some(isAlive) && fleet.members().length === 0,
      15_000,
    );
  });
}

test("a fleet that is still starting stops as cleanly", async (context) => {
  const fleet = start(context, up);
  await until("the first process is there", () => fleet.members().length > 1);
  fleet.signal("SIGINT");
  const { code } = await fleet.ended;
  assert.equal(code, 0);
  assert.deepEqual(fleet.members(), []);
});

test("whoever does not want to wait for a slow service presses Ctrl-C again", async (context) => {
  const fleet = start(context, ["up", "--config", slowConfig]);
  await fleet.ready();
  let isEnded = false;
  void fleet.ended.then(() => {
    isEnded = true;
  });
  await until("it has ended", () => {
    if (!isEnded && fleet.members().includes(fleet.pid)) fleet.signal("SIGINT");
    return isEnded;
  });
  assert.match(fleet.stdout(), /^stopped 3 of 3 processes, \d of them killed/m);
  assert.deepEqual(fleet.members(), []);
});

test("a folder that a killed fleet left can be used again", async (context) => {
  const killed = start(context, up);
  await killed.ready();
  killed.signal("SIGKILL", "group");
  await killed.ended;
  const environment = { DURE_DATA: killed.dataFolder };
  const fleet = start(context, up, { environment });
  await fleet.ready();
  fleet.signal("SIGINT");
  assert.equal((await fleet.ended).code, 0);
});

test("the token and what ps shows never appear in the list of processes", async (context) => {
  const fleet = start(context, up, { environment: { GREETING: "very-private-greeting" } });
  await fleet.ready();
  const list = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
  assert.doesNotMatch(list, /very-private-greeting/);
  fleet.signal("SIGINT");
  await fleet.ended;
});
