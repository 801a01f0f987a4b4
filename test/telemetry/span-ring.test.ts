import assert from "node:assert/strict";
import { test } from "node:test";
import { installScheduler } from "../../src/kit/index.ts";
import { TraceContext, Traces } from "../../src/telemetry/index.ts";
import { virtualTime } from "../../src/testing/index.ts";

const node = { id: "n-1", name: "n" };

function record(traces: Traces, { durationMs = 1, error = undefined as string | undefined } = {}) {
  const trace = traces.start(undefined, { kind: "server", name: "a.b", service: "a" });
  const finished = { trace, kind: "server", name: "a.b", startedAt: 0, durationMs } as const;
  traces.end({ ...finished, error, peer: undefined });
  return trace;
}

test("a node that floods overwrites its own oldest spans, and says how many", () => {
  const traces = new Traces({ node, share: 1 });
  for (let count = 0; count < 10_000; count += 1) record(traces);
  let { records, next, dropped } = traces.spans({});
  assert.equal(dropped, 10_000 - 4_096);
  let seen = records.length;
  while (records.length > 0) {
    ({ records, next, dropped } = traces.spans({ after: next }));
    assert.equal(dropped, 0);
    seen += records.length;
  }
  assert.equal(seen, 4_096);
  assert.equal(next, 10_000);
});

test("every trace can be had whole for a while, whether it is kept or not", () => {
  const traces = new Traces({ node, perSecond: 0, share: 0 });
  const first = record(traces);
  const id = first.traceId;
  assert.deepEqual(traces.spans({}).records, []);
  assert.equal(traces.spans({ traceIds: [id] }).records[0]?.spanId, first.spanId);
  for (let count = 0; count < 16_384; count += 1) record(traces);
  assert.deepEqual(traces.spans({ traceIds: [id] }).records, []);
});

test("failed and slow spans are kept although nothing is sampled", () => {
  const traces = new Traces({ node, perSecond: 0, share: 0, slowMs: 100 });
  record(traces);
  const failed = record(traces, { error: "INTERNAL" });
  const slow = record(traces, { durationMs: 100 });
  record(traces, { durationMs: 99 });
  assert.deepEqual(
    traces.spans({}).records.map(({ traceId, status, isSampled }) => [traceId, status, isSampled]),
    [
      [failed.traceId, "error", false],
      [slow.traceId, "ok", false],
    ],
  );
});

test("with little to do all traces are sampled, with much so many a second and a share by the id", () => {
  const time = virtualTime(7);
  try {
    const traces = new Traces({ node, perSecond: 10, share: 0.1 });
    const begin = () => traces.start(undefined, { kind: "client", name: "x" });
    for (let count = 0; count < 10; count += 1) assert.equal(begin().isSampled, true);
    // Those of the share cost nothing of the ten.
    for (let count = 0; count < 100; count += 1) begin();
    const many = Array.from({ length: 10_000 }, begin);
    const share = many.filter(({ isSampled }) => isSampled).length / many.length;
    assert.ok(share > 0.08 && share < 0.12, `${share}`);
    for (const { isSampled, words } of many)
      assert.equal(isSampled, words[3] >>> 0 < 0.1 * 2 ** 32);
  } finally {
    time.uninstall();
  }
});

test("what was decided where a trace began holds for all its parts", () => {
  const traces = new Traces({ node, perSecond: 0, share: 0 });
  const begun = TraceContext.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  assert.equal(traces.start(begun, { kind: "server", name: "x" }).isSampled, true);
});

test("times are in ms since 1970, also after the clock was set", () => {
  let wall = 1_000_000;
  const uninstall = installScheduler({
    now: () => 50,
    wallTime: () => wall,
    random: Math.random,
    after: () => ({ cancel() {} }),
  });
  try {
    const traces = new Traces({ node, share: 1 });
    record(traces);
    assert.equal(traces.spans({}).records[0]?.startMs, 1_000_000 - 50);
    wall = 500_000;
    assert.equal(traces.spans({}).records[0]?.startMs, 500_000 - 50);
  } finally {
    uninstall();
  }
});

test("tracestate travels as it came, unless it could not be a header", () => {
  const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const child = TraceContext.parse(parent, "a=1,b=2")?.child(Math.random);
  assert.equal(child?.state, "a=1,b=2");
  assert.equal(TraceContext.parse(parent, "a=1\r\nx: y")?.state, undefined);
  assert.equal(TraceContext.parse(parent, "x".repeat(513))?.state, undefined);
});
