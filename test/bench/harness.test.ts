import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cpuMsOfTrees,
  machineUse,
  parseMachineStat,
  parseStat,
  sumOfTrees,
} from "../../bench/harness/cpu.ts";
import { freePort } from "../../bench/harness/free-port.ts";
import { startProgram, startWorker } from "../../bench/harness/processes.ts";
import { median, percentile, spread } from "../../bench/harness/statistics.ts";
import { count, markdownTable, ratio } from "../../bench/harness/table.ts";
import { requirePrograms } from "../../bench/harness/tools.ts";
import { parseWrk } from "../../bench/harness/wrk.ts";

const fixture = new URL("./fixture-worker.ts", import.meta.url);

test("a median is the middle of the sorted values, or the mean of the two middle ones", () => {
  assert.equal(median([10, 2, 33]), 10);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
  assert.deepEqual(spread([3, 1, 2]), { median: 2, min: 1, max: 3 });
});

test("a percentile is a value that was measured", () => {
  const hundred = Float64Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(percentile(hundred, 0.5), 50);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile([7], 0.99), 7);
  assert.ok(Number.isNaN(percentile([], 0.5)));
});

test("a table is Markdown with aligned columns", () => {
  const rows = [
    ["peer", "calls/s"],
    ["echo", "1"],
    ["a long name", "22"],
  ];
  assert.equal(
    markdownTable(rows),
    "| peer        | calls/s |\n| ----------- | ------: |\n" +
      "| echo        |       1 |\n| a long name |      22 |",
  );
  assert.equal(count(173_456.4), "173,456");
  assert.equal(ratio(1, 2), "0.50");
  assert.equal(ratio(1, undefined), "-");
  assert.equal(ratio(Number.NaN, 2), "-");
});

test("a stat line is read even when the command holds spaces and parentheses", () => {
  const line = "42 (a (b) c) S 7 42 42 0 -1 4194560 100 200 0 0 150 50 9 1 20 0 1 0 100";
  assert.deepEqual(parseStat(line), {
    pid: 42,
    parentPid: 7,
    cpuMs: 2_000,
    endedChildrenMs: 100,
  });
});

test("the CPU time of a tree counts descendants in any order and each process once", () => {
  const stats = [
    { pid: 30, parentPid: 20, cpuMs: 1 },
    { pid: 20, parentPid: 10, cpuMs: 2 },
    { pid: 10, parentPid: 1, cpuMs: 4 },
    { pid: 11, parentPid: 1, cpuMs: 8 },
  ].map((stat) => ({ ...stat, endedChildrenMs: 0 }));
  assert.equal(sumOfTrees(stats, [10, 20]), 7);
  assert.equal(sumOfTrees(stats, [11]), 8);
});

test("the machine's stat line is read without its interrupts", () => {
  const text = "cpu  100 20 30 800 50 7 8 1 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
  assert.deepEqual(parseMachineStat(text), { totalMs: 10_010, busyMs: 1_510 });
});

test("what a machine did between two looks: all that was not idle, and of it what the host took", () => {
  const before = "cpu  100 10 50 800 40 5 5 10 30 0\ncpu0 1 2 3\n";
  const after = "cpu  140 10 60 840 45 6 9 20 60 0\ncpu0 1 2 3\n";
  const { busy, stolen } = machineUse(before, after);
  assert.equal(busy.toFixed(4), (65 / 110).toFixed(4));
  assert.equal(stolen.toFixed(4), (10 / 110).toFixed(4));
});

test("wrk's report is read with its units and failures", () => {
  const report = `Running 5s test @ http://127.0.0.1:40103/products/7
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.44ms    1.33ms  24.01ms   94.95%
    Req/Sec    48.66k     8.50k   62.71k    64.00%
  Latency Distribution
     50%  980.00us
     75%    1.36ms
     90%    1.93ms
     99%    1.20s 
  241853 requests in 5.00s, 140.92MB read
  Socket errors: connect 0, read 1, write 2, timeout 3
  Non-2xx or 3xx responses: 4
Requests/sec:  48366.43
Transfer/sec:     28.18MB
`;
  assert.deepEqual(parseWrk(report), {
    requests: 241_853,
    requestsPerSecond: 48_366.43,
    p50Ms: 0.98,
    p99Ms: 1_200,
    failures: 10,
  });
  // wrk pads its latencies to one width.
  assert.equal(parseWrk(report.replace(/99%.*/, "99%    1.15s ")).p99Ms, 1_150);
  assert.throws(() => parseWrk("unable to connect"), /reported nothing like/);
});

const onLinux = { skip: process.platform !== "linux" && "CPU times are read from /proc" };
test("a worker answers, its CPU time is seen, and it is gone after stop", onLinux, async () => {
  const worker = await startWorker(fixture, ["a"]);
  try {
    assert.equal(worker.address, "ready a");
    const before = cpuMsOfTrees([worker.pid]);
    assert.equal(await worker.ask({ burnMs: 100 }), "done");
    // The scheduler may give other processes the core for most of that time, so only some of it is sure.
    assert.ok(cpuMsOfTrees([worker.pid]) - before >= 10);
  } finally {
    await worker.stop();
  }
  assert.throws(() => process.kill(worker.pid, 0), { code: "ESRCH" });
  await worker.stop();
});

test("a worker that dies before it is ready fails the run instead of hanging it", async () => {
  await assert.rejects(startWorker(fixture, ["die"]), /ended early \(3\)/);
});

test("a program is ready when its port accepts, and a missing one is named", async () => {
  const port = await freePort();
  const script = `require("node:net").createServer().listen(${port}, "127.0.0.1")`;
  const program = await startProgram(process.execPath, ["-e", script], port);
  await program.stop();
  await assert.rejects(startProgram("no-such-program", [], port), /no-such-program: .*ENOENT/);
});

test("a missing program comes with the command that installs it", () => {
  requirePrograms(["sh"]);
  assert.throws(() => requirePrograms(["sh", "no-such-program"]), {
    message: /needs no-such-program\..*apt-get install -y no-such-program/,
  });
});
