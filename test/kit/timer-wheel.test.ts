import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { installScheduler, type Scheduler, TimerWheel } from "../../src/kit/index.ts";

/** A clock that only moves when told, with one pending timer (all a wheel uses). */
function manualScheduler() {
  let time = 0;
  let pending: { at: number; run: () => void } | undefined;
  const scheduler: Scheduler = {
    now: () => time,
    wallTime: () => time,
    random: () => 0.5,
    after(delayMs, run) {
      const own = { at: time + delayMs, run };
      pending = own;
      return {
        cancel() {
          if (pending === own) pending = undefined;
        },
      };
    },
  };
  return {
    scheduler,
    /** Moves time; a step longer than the timer's delay is a stalled event loop. */
    advance(ms: number) {
      time += ms;
      const due = pending;
      if (due && due.at <= time) {
        pending = undefined;
        due.run();
      }
    },
  };
}

test("an entry fires once, never early, and at the first tick that comes after its time", () => {
  const entries = fc.array(fc.record({ delayMs: fc.nat(20_000), isRemoved: fc.boolean() }), {
    maxLength: 60,
  });
  const steps = fc.array(fc.integer({ min: 8, max: 9_000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(entries, steps, (planned, jumps) => {
      const clock = manualScheduler();
      const restore = installScheduler(clock.scheduler);
      try {
        const wheel = new TimerWheel(8);
        const firedAt: (number | undefined)[] = planned.map(() => undefined);
        const handles = planned.map(({ delayMs }, index) =>
          wheel.add(delayMs, () => {
            assert.equal(firedAt[index], undefined, "fired twice");
            firedAt[index] = clock.scheduler.now();
          }),
        );
        planned.forEach(({ isRemoved }, index) => {
          const handle = handles[index];
          if (isRemoved && handle) wheel.remove(handle);
        });
        for (const jump of jumps) clock.advance(jump);
        const end = clock.scheduler.now();
        planned.forEach(({ delayMs, isRemoved }, index) => {
          const at = firedAt[index];
          if (isRemoved) assert.equal(at, undefined, "a removed entry fired");
          else if (at === undefined) assert.ok(delayMs > end - 16, `due ${delayMs}, now ${end}`);
          else assert.ok(at >= delayMs, `fired at ${at}, due ${delayMs}`);
        });
        assert.equal(
          wheel.size,
          planned.filter((plan, index) => !plan.isRemoved && firedAt[index] === undefined).length,
        );
      } finally {
        restore();
      }
    }),
  );
});

test("an entry may remove its neighbours and add new ones while it fires", () => {
  const clock = manualScheduler();
  const restore = installScheduler(clock.scheduler);
  try {
    const wheel = new TimerWheel(8);
    const fired: string[] = [];
    const later = wheel.add(16, () => fired.push("later"));
    wheel.add(16, () => {
      fired.push("first");
      wheel.remove(later);
      wheel.add(40, () => fired.push("added"));
    });
    clock.advance(16);
    clock.advance(40);
    assert.deepEqual(fired, ["first", "added"]);
    assert.equal(wheel.size, 0);
  } finally {
    restore();
  }
});
