import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type ProcessPhase, type RestartPolicy, Supervisor } from "../../src/supervisor/index.ts";
import { until } from "../support/until.ts";

const fixture = (name: string) => fileURLToPath(new URL(`./fixture/${name}`, import.meta.url));

interface Run {
  readonly supervisor: Supervisor;
  readonly lines: string[];
  readonly phases: [string, ProcessPhase][];
}

/** A supervisor of processes that behave as named; stopped when the test ends. */
function supervise(
  context: TestContext,
  behaviours: Record<string, string>,
  policy: Partial<RestartPolicy> = {},
  memoryBytesMax?: number,
): Run {
  const lines: string[] = [];
  const phases: [string, ProcessPhase][] = [];
  const supervisor = new Supervisor({
    policy,
    listener: {
      onLine: (process, line) => lines.push(`${process.name} ${line}`),
      onPhase: (process, phase) => phases.push([process.name, phase]),
      onTold: () => {},
      onAsked: (process, question) => `${process.name} was asked ${question}`,
    },
  });
  Object.entries(behaviours).forEach(([name, behaviour], rank) => {
    supervisor.add({
      name,
      file: process.execPath,
      args: [...process.execArgv.filter((arg) => arg !== "--test"), fixture("child.ts")],
      environment: {},
      memoryBytesMax,
      spec: () => ({ behaviour }),
      stopRank: rank,
      reload: "overlap",
    });
  });
  context.after(() => supervisor.stop());
  supervisor.start();
  return { supervisor, lines, phases };
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

const allReady = ({ supervisor }: Run) =>
  supervisor.processes.every(({ phase }) => phase === "ready");

test("processes come up, and stop rank by rank with their last words kept", async (context) => {
  const run = supervise(context, { "edge-1": "obeys", "core-1": "obeys" });
  await until("both are ready", () => allReady(run));
  const pids = run.supervisor.list().map(({ pid }) => pid as number);
  await run.supervisor.stop();
  assert.deepEqual(run.lines, ["edge-1 drained", "core-1 drained"]);
  assert.deepEqual(run.phases.slice(-4), [
    ["edge-1", "stopping"],
    ["edge-1", "stopped"],
    ["core-1", "stopping"],
    ["core-1", "stopped"],
  ]);
  assert.ok(pids.every(isGone));
});

test("a process that is killed comes back under another number and is counted", async (context) => {
  const run = supervise(context, { "core-1": "obeys" });
  await until("it is ready", () => allReady(run));
  const former = run.supervisor.list()[0];
  process.kill(former?.pid as number, "SIGKILL");
  const status = await until("it is ready again", () =>
    run.supervisor.list().find(({ state, restarts }) => state === "ready" && restarts === 1),
  );
  assert.notEqual(status.pid, former?.pid);
  assert.equal(run.supervisor.processes[0]?.lastExit?.signal, "SIGKILL");
});

test("what a process needs and how it ended is told", async (context) => {
  const run = supervise(context, { "core-1": "obeys" });
  const { pid, memoryBytes, uptimeMs } = await until("it says what it needs", () =>
    run.supervisor.list().find(({ memoryBytes }) => memoryBytes !== null),
  );
  assert.ok((memoryBytes ?? 0) > 10 * 2 ** 20);
  assert.ok((uptimeMs ?? 0) > 0);
  assert.equal(run.supervisor.list()[0]?.lastExit, null);
  process.kill(pid as number, "SIGKILL");
  await until("it is told", () => run.supervisor.list()[0]?.lastExit === "SIGKILL");
});

for (const { what, behaviour, policy, reason } of [
  {
    what: "ends by itself with exit code 0",
    behaviour: "ends",
    policy: {},
    reason: "exit code 0",
  },
  {
    what: "hangs at start",
    behaviour: "mute",
    policy: { startMsMax: 200 },
    reason: "SIGKILL: it was not ready within 0.2 s",
  },
  {
    what: "blocks its event loop",
    behaviour: "hangs",
    policy: { silenceMsMax: 2_500 },
    reason: "SIGKILL: it gave no sign of life for 2.5 s",
  },
]) {
  test(`a process that ${what} is started again, and the reason is kept`, async (context) => {
    const run = supervise(context, { "core-1": behaviour }, { firstDelayMs: 1, ...policy });
    const { lastExit } = await until(
      "it is started again",
      () => run.supervisor.list().find(({ restarts }) => restarts > 0),
      30_000,
    );
    assert.equal(lastExit, reason);
    run.supervisor.kill();
  });
}

test("a process that needs more memory than it may is ended in order and started anew", async (context) => {
  const run = supervise(context, { "core-1": "obeys" }, {}, 2 ** 20);
  const { lastExit } = await until(
    "it is started again",
    () => run.supervisor.list().find(({ restarts }) => restarts > 0),
    30_000,
  );
  assert.match(lastExit ?? "", /^exit code 0: it needed \d+ MiB, more than its 1 MiB$/);
  assert.deepEqual(run.lines.slice(0, 1), ["core-1 drained"]);
});

test("a crash loop waits and burns nothing", async (context) => {
  const policy = { firstDelayMs: 1, crashLoopFailures: 2, crashLoopDelayMs: 60_000 };
  const run = supervise(context, { "core-1": "fails" }, policy);
  const status = await until(
    "it is in a crash loop",
    () => run.supervisor.list().find(({ state }) => state === "crash-loop"),
    30_000,
  );
  assert.deepEqual([status.pid, status.memoryBytes, status.uptimeMs], [null, null, null]);
  assert.equal(status.lastExit, "exit code 3: port 1 is taken");
});

test("SIGINT, which a terminal sends to everybody, does not end a process", async (context) => {
  const run = supervise(context, { "core-1": "obeys" });
  await until("it is ready", () => allReady(run));
  const [status] = run.supervisor.list();
  process.kill(status?.pid as number, "SIGINT");
  process.kill(status?.pid as number, "SIGHUP");
  await run.supervisor.stop();
  assert.deepEqual(run.lines, ["core-1 drained"]);
  assert.equal(run.supervisor.processes[0]?.lastExit?.code, 0);
});

test("a process that does not stop in time is killed", async (context) => {
  const run = supervise(context, { "core-1": "deaf" }, { stopMsMax: 100 });
  await until("it is ready", () => allReady(run));
  await run.supervisor.stop();
  assert.equal(run.supervisor.processes[0]?.lastExit?.signal, "SIGKILL");
  assert.equal(run.supervisor.processes[0]?.isForced, true);
});

test("a process that fails at each start ends in a crash loop, with its reason kept", async (context) => {
  const policy = { firstDelayMs: 1, crashLoopFailures: 2, crashLoopDelayMs: 60_000 };
  const run = supervise(context, { "core-1": "fails" }, policy);
  const process = await until("it is in a crash loop", () =>
    run.supervisor.processes.find(({ phase }) => phase === "crash-loop"),
  );
  assert.deepEqual(process.lastExit, { code: 3, signal: null, message: "port 1 is taken" });
  assert.equal(process.restarts, 1);
});

test("a process can ask its supervisor, and says where it listens", async (context) => {
  const run = supervise(context, { "core-1": "asks" });
  await until("it is ready", () => allReady(run));
  await until("its line is here", () => run.lines.length > 0);
  assert.deepEqual(run.lines, ["core-1 answer core-1 was asked what is it?"]);
  assert.equal(run.supervisor.list()[0]?.port, 4_711);
});

test("a program that does not exist is told, not thrown", async (context) => {
  const supervisor = new Supervisor({
    policy: { crashLoopFailures: 1 },
    listener: { onLine: () => {}, onPhase: () => {}, onTold: () => {}, onAsked: () => {} },
  });
  const spec = {
    name: "x-1",
    file: "/does/not/exist",
    args: [],
    environment: {},
    spec: () => ({}),
    stopRank: 0,
    reload: "overlap" as const,
  };
  const { current: process } = supervisor.add(spec);
  context.after(() => supervisor.stop());
  supervisor.start();
  await until("it gave up", () => process.phase === "crash-loop");
  assert.match(process.lastExit?.message ?? "", /could not be started: .*ENOENT/);
});

test("when the supervisor is killed, its processes drain and exit by themselves", async () => {
  const args = [...process.execArgv.filter((arg) => arg !== "--test"), fixture("parent.ts")];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(parent.stdout, "data");
  const childPid = Number(String(line));
  assert.ok(!isGone(childPid));
  parent.kill("SIGKILL");
  await until("the child is gone too", () => isGone(childPid));
});
