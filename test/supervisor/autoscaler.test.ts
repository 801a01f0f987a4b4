import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { initialScale, type ScaleRange, scale } from "../../src/supervisor/core/autoscaler.ts";

const ranges = fc
  .record({
    min: fc.integer({ min: 1, max: 8 }),
    more: fc.nat(8),
    concurrency: fc.integer({ min: 1, max: 50 }),
  })
  .map(({ min, more, concurrency }): ScaleRange => ({ min, max: min + more, concurrency }));

/** A fleet that does what it is told, under a load told second by second. */
function run(loads: readonly number[], range: ScaleRange, start = range.min): number[] {
  let state = initialScale;
  let current = start;
  return loads.map((concurrency, second) => {
    const next = scale(state, { at: second * 1_000, concurrency, current }, range);
    state = next.state;
    current = next.wanted;
    return current;
  });
}

const constant = (load: number, seconds: number) => Array.from({ length: seconds }, () => load);
const loads = fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { maxLength: 200 });

test("the number is always between the minimum and the maximum", () => {
  fc.assert(
    fc.property(ranges, loads, (range, load) => {
      for (const count of run(load, range)) assert.ok(count >= range.min && count <= range.max);
    }),
  );
});

test("a constant load ends in the number it needs, which then never changes", () => {
  fc.assert(
    fc.property(ranges, fc.double({ min: 0, max: 400, noNaN: true }), (range, load) => {
      const counts = run(constant(load, 1_000), range);
      const needed = Math.ceil(load / range.concurrency);
      const expected = Math.min(range.max, Math.max(range.min, needed));
      // Sums of fractions are not exact: on the edge one more is right, too.
      assert.ok(Math.abs((counts.at(-1) ?? 0) - expected) <= 1);
      assert.equal(new Set(counts.slice(-300)).size, 1);
    }),
  );
});

test("a load that jumps is met within the panic window, one that grows a little is met in the stable one", () => {
  const range = { min: 1, max: 10, concurrency: 10 };
  const jump = run([...constant(5, 60), ...constant(80, 10)], range);
  assert.equal(jump.at(60), 2);
  assert.equal(jump.at(-1), 8);
  const slow = run([...constant(15, 60), ...constant(25, 60)], range);
  assert.equal(slow[59], 2);
  assert.equal(slow.at(-1), 3);
});

test("a short pause takes nothing away, a long one takes one at a time", () => {
  const range = { min: 1, max: 10, concurrency: 10 };
  const counts = run([...constant(80, 120), ...constant(0, 20), ...constant(80, 60)], range, 8);
  assert.ok(
    counts.every((count) => count === 8),
    String(counts),
  );
  const idle = run([...constant(80, 120), ...constant(0, 600)], range, 8);
  assert.equal(idle.at(-1), 1);
  idle.forEach((count, second) => {
    const former = idle[second - 1] ?? count;
    assert.ok(former - count <= 1, "one at a time");
    if (former > count) assert.equal(idle[second + 29], count, "and 30 s apart");
  });
});

test("no load that swings faster than the stable window makes the number swing", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 10 }),
      fc.integer({ min: 1, max: 80 }),
      (period, peak) => {
        const range = { min: 1, max: 20, concurrency: 10 };
        const swing = Array.from({ length: 1_200 }, (_, second) =>
          second % (2 * period) < period ? peak : 0,
        );
        const late = run(swing, range).slice(-600);
        assert.equal(new Set(late).size, 1);
      },
    ),
  );
});
