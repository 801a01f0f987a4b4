import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { waterfall } from "../../src/console/collector/core/waterfall.ts";
import type { SpanRecord } from "../../src/telemetry/index.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

const span = (
  spanId: string,
  parentId: string | undefined,
  more: Partial<SpanRecord>,
): SpanRecord => ({
  traceId,
  spanId,
  ...(parentId === undefined ? {} : { parentId }),
  name: spanId,
  kind: "server",
  service: "s",
  node: "n1",
  startMs: 0,
  durationMs: 10,
  isSampled: true,
  status: "ok",
  ...more,
});

const drawn = (records: readonly SpanRecord[]) =>
  waterfall(records).spans.map(({ spanId, depth }) => `${depth} ${spanId}`);

test("each span stands behind its parent, siblings by their start", () => {
  const records = [
    span("d", "b", { startMs: 3 }),
    span("c", "a", { startMs: 5 }),
    span("b", "a", { startMs: 1 }),
    span("a", undefined, { startMs: 0 }),
  ];
  assert.deepEqual(drawn(records), ["0 a", "1 b", "2 d", "1 c"]);
});

test("a callee whose clock is behind or ahead is laid into its call, with all of its node below it", () => {
  for (const wrongMs of [-5_000, 5_000]) {
    const { spans } = waterfall([
      span("call", undefined, { kind: "client", startMs: 1_000, durationMs: 20 }),
      span("work", "call", { node: "n2", startMs: 1_004 + wrongMs, durationMs: 10 }),
      span("below", "work", {
        node: "n2",
        kind: "client",
        startMs: 1_006 + wrongMs,
        durationMs: 5,
      }),
      span("third", "below", { node: "n3", startMs: 1_007, durationMs: 3 }),
    ]);
    const [call, work, below, third] = spans;
    assert.equal(call?.skewMs, undefined);
    assert.equal(work?.startMs, 1_005);
    assert.equal(work?.skewMs, 1 - wrongMs);
    assert.equal(below?.startMs, 1_007);
    assert.equal(below?.skewMs, 1 - wrongMs);
    // Its own clock is right, and its time is told against the corrected one.
    assert.equal(third?.startMs, 1_008);
  }
});

test("clocks that agree are left alone, and so is what may well come later", () => {
  const { spans } = waterfall([
    span("call", undefined, { kind: "client", startMs: 100, durationMs: 20 }),
    span("work", "call", { node: "n2", startMs: 101, durationMs: 18 }),
    span("publish", "work", { node: "n2", kind: "publish", startMs: 105, durationMs: 2 }),
    span("consume", "publish", { node: "n3", kind: "consume", startMs: 9_000, durationMs: 400 }),
  ]);
  assert.deepEqual(
    spans.map(({ startMs, skewMs }) => [startMs, skewMs]),
    [
      [100, undefined],
      [101, undefined],
      [105, undefined],
      [9_000, undefined],
    ],
  );
});

test("spans whose parent nobody has told of are shown, and counted as missing", () => {
  const { spans, missingCount } = waterfall([
    span("a", undefined, { startMs: 0 }),
    span("lost", "gone", { startMs: 2 }),
  ]);
  assert.equal(missingCount, 1);
  assert.deepEqual(
    spans.map(({ depth }) => depth),
    [0, 0],
  );
  // A client outside of the mesh.
  assert.equal(waterfall([span("a", "browser", {})]).missingCount, 0);
});

test("whatever spans say, each is shown at most once and none before its parent", () => {
  const id = fc.integer({ min: 0, max: 12 }).map(String);
  const any = fc.record({
    spanId: id,
    parentId: fc.option(id, { nil: undefined }),
    node: fc.constantFrom("n1", "n2", "n3"),
    kind: fc.constantFrom("client", "server", "consume", "saga", "http", "publish"),
    startMs: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(any), (parts) => {
      const records = parts.map(({ spanId, parentId, ...more }) => span(spanId, parentId, more));
      const { spans, missingCount } = waterfall(records);
      const at = new Map(spans.map(({ spanId }, index) => [spanId, index]));
      assert.equal(at.size, spans.length);
      assert.ok(missingCount >= 0);
      for (const [index, { parentId, depth, startMs }] of spans.entries()) {
        assert.ok(Number.isFinite(startMs));
        const parent = parentId === undefined ? undefined : at.get(parentId);
        if (parent !== undefined) assert.ok(parent < index);
        assert.equal(depth, parent === undefined ? 0 : (spans[parent]?.depth ?? 0) + 1);
      }
    }),
  );
});
