import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NodeMeter } from "../../src/console/core/node-meter.ts";
import { quantile, sumOf } from "../../src/console/core/quantile.ts";
import { totalsOf } from "../../src/console/core/traffic.ts";
import { VersionedTable } from "../../src/console/core/versioned-table.ts";
import { WrongTokens } from "../../src/console/core/wrong-tokens.ts";
import { Metrics } from "../../src/telemetry/index.ts";

test("a reader who asks now and then ends up with what is there", () => {
  const change = fc.record({
    keys: fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 5 }),
    value: fc.integer({ min: 0, max: 3 }),
    isAsked: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const table = new VersionedTable<{ key: string; value: number }>();
      const seen = new Map<string, number>();
      let version = 0;
      let there = new Map<string, number>();
      const ask = () => {
        const missed = table.since(version);
        if (missed.isWhole) seen.clear();
        for (const key of missed.gone) seen.delete(key);
        for (const { key, value } of missed.changed) seen.set(key, value);
        version = missed.version;
        assert.deepEqual([...seen].sort(), [...there].sort());
      };
      for (const { keys, value, isAsked } of changes) {
        there = new Map(keys.map((key) => [key, value]));
        table.replace([...there].map(([key, each]) => [key, { key, value: each }]));
        if (isAsked) ask();
      }
      ask();
      assert.deepEqual(table.since(version).changed, [], "nothing is told twice");
    }),
  );
});

test("whoever missed more removals than are remembered gets everything anew", () => {
  const table = new VersionedTable<number>();
  table.replace([["first", 1]]);
  const { version } = table.since(0);
  table.replace(Array.from({ length: 10_002 }, (_, index) => [`n${index}`, index]));
  table.replace([["last", 2]]);
  const missed = table.since(version);
  assert.equal(missed.isWhole, true);
  assert.deepEqual([missed.changed, missed.gone], [[2], []]);
});

test("quantiles lie within their bucket, and beyond the last bound at it", () => {
  assert.equal(quantile([0, 10, 0], [1, 2], 0.5), 1.5);
  assert.equal(quantile([4, 0, 4], [1, 2], 0.99), 2);
  assert.equal(quantile([0, 0, 0], [1, 2], 0.5), null);
  assert.deepEqual(
    sumOf([
      [1, 2],
      [3, 4],
    ]),
    [4, 6],
  );
});

test("rates are what was counted between two readings, by the time between them", () => {
  const metrics = new Metrics();
  const calls = metrics.durations({
    name: "dure_server_duration_seconds",
    help: "calls",
    labels: ["service", "operation", "caller", "code"],
  });
  const counter = metrics.counter({ name: "some_total", help: "some", labels: ["what"] });
  const observe = (code: string, count: number) => {
    for (let index = 0; index < count; index += 1) calls.of(["s", "o", "c", code]).observe(0.004);
  };
  const meter = new NodeMeter();
  observe("OK", 100);
  counter.add(["x"], 7);
  const first = meter.take(metrics.read(), 1_000);
  assert.equal(first.calls[0]?.perS, 0, "nothing is known of what was before");
  observe("OK", 20);
  observe("UNAVAILABLE", 10);
  observe("NoSuchBook", 4);
  counter.add(["x"], 4);
  const second = meter.take(metrics.read(), 3_000);
  assert.deepEqual(
    second.calls.map(({ perS, isFailed }) => [perS, isFailed]),
    [
      [10, false],
      [5, true],
      [2, false],
    ],
  );
  assert.deepEqual(second.counters("some_total"), [{ labels: { what: "x" }, total: 11, perS: 2 }]);
  const p99 = quantile(second.calls[0]?.bucketsPerS ?? [], second.bounds, 0.99) ?? 0;
  assert.ok(p99 > 0.0025 && p99 <= 0.005, String(p99));
});

test("a consumer that waits for events counts as a call, and says nothing of how fast calls are", () => {
  const metrics = new Metrics();
  const calls = metrics.durations({
    name: "dure_server_duration_seconds",
    help: "calls",
    labels: ["service", "operation", "caller", "code"],
  });
  const meter = new NodeMeter();
  meter.take(metrics.read(), 0);
  for (let count = 0; count < 10; count += 1) {
    calls.of(["eventlog", "poll", "store", "OK"]).observe(9);
    calls.of(["eventlog", "append", "store", "OK"]).observe(0.004);
  }
  const totals = totalsOf([meter.take(metrics.read(), 1_000)]);
  assert.equal(totals.perS, 20);
  assert.ok((totals.p99Ms ?? 0) <= 5, String(totals.p99Ms));
});

test("whoever tries tokens waits after ten, until the minute is over", () => {
  const wrong = new WrongTokens();
  for (let count = 0; count < 10; count += 1) assert.equal(wrong.add("a", 0), 0);
  assert.equal(wrong.add("a", 10_000), 50);
  assert.equal(wrong.add("b", 10_000), 0, "others do not");
  assert.equal(wrong.add("a", 60_000), 0);
});
