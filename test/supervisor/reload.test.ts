import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { getPriority, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type ReloadWay, type RestartPolicy, Supervisor } from "../../src/supervisor/index.ts";
import { until } from "../support/until.ts";

const fixture = fileURLToPath(new URL("./fixture/child.ts", import.meta.url));

/** One process that is ready; the next one behaves as `setNext` says. */
async function supervise(
  context: TestContext,
  reload: ReloadWay,
  policy: Partial<RestartPolicy> = {},
  environment: Readonly<Record<string, string>> = {},
) {
  let behaviour = "obeys";
  const supervisor = new Supervisor({
    policy,
    listener: { onLine: () => {}, onPhase: () => {}, onTold: () => {}, onAsked: () => {} },
  });
  supervisor.add({
    name: "core-1",
    file: process.execPath,
    args: [...process.execArgv.filter((arg) => arg !== "--test"), fixture],
    environment,
    spec: () => ({ behaviour }),
    stopRank: 0,
    reload,
  });
  context.after(() => supervisor.stop());
  supervisor.start();
  const current = () => supervisor.list()[0];
  await until("it is ready", () => current()?.state === "ready", 30_000);
  return {
    supervisor,
    current,
    setNext: (next: string) => {
      behaviour = next;
    },
  };
}

/** Whether this process may raise a priority again: root may, and who has the limit for it. */
function mayRaise(): boolean {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
  try {
    setPriority(child.pid ?? 0, getPriority() + 1);
    setPriority(child.pid ?? 0, getPriority());
    return process.platform === "linux";
  } catch {
    return false;
  } finally {
    child.kill("SIGKILL");
  }
}

/** Where there is none, a lower priority is all that a start gets. */
const hasChrt = spawnSync("chrt", ["--version"]).status === 0;
const schedIdle = 5;

/** By proc(5), field 41 of a thread's line. */
function policyOf(thread: number): number {
  const line = readFileSync(`/proc/${thread}/stat`, "utf8");
  return Number(line.slice(line.lastIndexOf(")") + 2).split(" ")[38]);
}

test("a new process gives way to those that serve until it is ready", async (context) => {
  if (!mayRaise()) return context.skip("raising a priority takes root or LimitNICE");
  const { supervisor, current, setNext } = await supervise(context, "overlap");
  setNext("mute");
  const refused = supervisor.reload(["core-1"], 1);
  const trial = await until("it is tried", () => supervisor.list()[1]?.pid);
  assert.ok(getPriority(trial) > getPriority());
  if (hasChrt) await until("it gives way at once", () => policyOf(trial) === schedIdle);
  assert.equal(getPriority(current()?.pid ?? 0), getPriority());
  process.kill(trial, "SIGKILL");
  assert.equal((await refused).failures.length, 1);
  setNext("obeys");
  assert.deepEqual((await supervisor.reload(["core-1"], 1)).reloaded, ["core-1"]);
  const threads = readdirSync(`/proc/${current()?.pid}/task`).map(Number);
  assert.ok(threads.length > 1);
  await until("it has its turn as usual", () => threads.every((each) => policyOf(each) === 0));
  for (const thread of threads) assert.equal(getPriority(thread), getPriority());
});

test("compiled code is kept once a process is ready, so that one that is killed starts as quickly again", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "dure-compiled-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const { current } = await supervise(context, "overlap", {}, { NODE_COMPILE_CACHE: folder });
  assert.equal(current()?.restarts, 0);
  assert.ok(readdirSync(folder, { recursive: true }).length > 10);
});

test("the new process has the place, the old one serves beside it for a while and is gone", async (context) => {
  const { supervisor, current } = await supervise(context, "overlap");
  const former = current()?.pid;
  const reload = supervisor.reload(["core-1"], 1);
  const both = await until("both serve", () => {
    const list = supervisor.list();
    return list.length === 2 && list[0]?.pid !== former ? list : undefined;
  });
  assert.deepEqual(
    both.map(({ state }) => state),
    ["ready", "ready"],
  );
  const report = await reload;
  assert.deepEqual(report, { reloaded: ["core-1"], failures: [], untouched: [] });
  assert.equal(supervisor.list().length, 1);
  assert.notEqual(current()?.pid, former);
  assert.equal(current()?.state, "ready");
});

for (const { behaviour, reason } of [
  { behaviour: "mute", reason: /SIGKILL: it was not ready within 3 s/ },
  { behaviour: "fails", reason: /exit code 3: port 1 is taken/ },
  { behaviour: "ends", reason: /exit code 0/ },
]) {
  test(`a new process that ${behaviour} is stopped, and the old one goes on`, async (context) => {
    const { supervisor, current, setNext } = await supervise(context, "overlap", {
      startMsMax: behaviour === "mute" ? 3_000 : 60_000,
    });
    const former = current()?.pid;
    setNext(behaviour);
    const { reloaded, failures } = await supervisor.reload(["core-1"], 1);
    assert.deepEqual(reloaded, []);
    assert.match(failures[0]?.reason ?? "", /the old one goes on/);
    assert.match(failures[0]?.reason ?? "", reason);
    assert.equal(supervisor.list().length, 1);
    assert.equal(current()?.pid, former);
    assert.equal(current()?.state, "ready");
  });
}

test("what may run only once is gone before it is started anew", async (context) => {
  const { supervisor, current } = await supervise(context, "replace");
  const former = current()?.pid;
  const reload = supervisor.reload(["core-1"], 1);
  assert.equal(supervisor.list().length, 1);
  assert.deepEqual((await reload).reloaded, ["core-1"]);
  assert.notEqual(current()?.pid, former);
});

test("one reload at a time; a stop ends it", async (context) => {
  const { supervisor, setNext } = await supervise(context, "overlap");
  setNext("mute");
  const reload = supervisor.reload(["core-1"], 1);
  await assert.rejects(supervisor.reload(["core-1"], 1), /another reload is at work/);
  await until("the new process runs", () => supervisor.list().length === 2);
  await supervisor.stop();
  assert.match((await reload).failures[0]?.reason ?? "", /did not become ready/);
  assert.ok(supervisor.list().every(({ pid }) => pid === null));
});
