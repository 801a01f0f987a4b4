import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BaseDelay } from "../../src/wire/core/base-delay.ts";

test("what a message waited is known without a common clock, once one has come without waiting", () => {
  const arrivals = fc.array(fc.record({ gapMs: fc.nat(500), waitedMs: fc.nat(3_000) }), {
    minLength: 1,
    maxLength: 100,
  });
  // Any difference of the clocks, also one that wraps around at 2^32.
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.nat(20), arrivals, (offset, transitMs, messages) => {
      const delay = new BaseDelay();
      let time = 1_000;
      delay.queued((time - transitMs + offset) >>> 0, time);
      for (const { gapMs, waitedMs } of messages) {
        time += gapMs;
        const sentAt = (time - transitMs - waitedMs + offset) >>> 0;
        assert.equal(delay.queued(sentAt, time), waitedMs);
      }
    }),
  );
});

test("a path that has become longer for good is the new base after two periods", () => {
  const delay = new BaseDelay(1_000);
  delay.queued(0, 5);
  assert.equal(delay.queued(500, 555), 50);
  assert.equal(delay.queued(1_100, 1_155), 50);
  assert.equal(delay.queued(2_200, 2_255), 0);
});
