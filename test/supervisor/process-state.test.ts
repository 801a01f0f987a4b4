import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  delayAfter,
  initialState,
  type ProcessEffect,
  type ProcessEvent,
  type ProcessState,
  step,
} from "../../src/supervisor/core/process-state.ts";
import { defaultPolicy as policy } from "../../src/supervisor/options.ts";

/** Runs events through the machine as its shell would, and keeps what came out. */
function run(events: readonly ProcessEvent[]): { state: ProcessState; effects: ProcessEffect[] } {
  const effects: ProcessEffect[] = [];
  let state = initialState;
  for (const event of events) {
    const next = step(state, event, policy);
    state = next.state;
    if (next.effect) effects.push(next.effect);
  }
  return { state, effects };
}

/** Any events at times that never go back, one second apart at most on average. */
const anyEvents = fc
  .array(
    fc.record({
      kind: fc.constantFrom<ProcessEvent["kind"]>(
        "start",
        "ready",
        "beat",
        "overweight",
        "exited",
        "timer",
        "stop",
        "restart",
        "kill",
      ),
      passedMs: fc.oneof(fc.nat(50), fc.nat(70_000)),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let at = 0;
    return steps.map(({ kind, passedMs }): ProcessEvent => {
      at += passedMs;
      return { kind, at };
    });
  });

test("(S1) a process is spawned only when none runs, whatever happens in whatever order", () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      let state = initialState;
      let running = 0;
      for (const event of events) {
        if (event.kind === "exited") running = 0;
        const next = step(state, event, policy);
        if (next.effect === "spawn") running += 1;
        state = next.state;
        assert.ok(running <= 1);
        assert.equal(state.isAlive, running === 1);
      }
    }),
  );
});

test("(S2) after stop nothing is spawned until start", () => {
  fc.assert(
    fc.property(anyEvents, anyEvents, (before, after) => {
      const stoppedAt = before.at(-1)?.at ?? 0;
      const later = after
        .filter(({ kind }) => kind !== "start")
        .map(({ kind, at }) => ({ kind, at: at + stoppedAt }));
      const stop: ProcessEvent = { kind: "stop", at: stoppedAt };
      const { effects } = run([...before, stop]);
      const all = run([...before, stop, ...later]);
      assert.ok(!all.effects.slice(effects.length).includes("spawn"));
      const ended = step(all.state, { kind: "exited", at: 1e9 }, policy).state;
      assert.equal(ended.phase, "stopped");
    }),
  );
});

test("(S3) a process that outlives its time to start, to stop or to give a sign of life is killed", () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const { state } = run(events);
      if (!state.isAlive) return;
      if (state.wakeAt === undefined) return; // killed already
      assert.equal(step(state, { kind: "timer", at: state.wakeAt }, policy).effect, "kill");
    }),
  );
});

test("restarts counts the starts after the first", () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const withoutStop = events.filter(({ kind }) => kind !== "stop");
      const { state, effects } = run([{ kind: "start", at: 0 }, ...withoutStop]);
      const spawns = effects.filter((effect) => effect === "spawn").length;
      assert.equal(state.restarts, spawns - 1);
    }),
  );
});

test("waits double up to a bound, then a crash loop waits longer", () => {
  const waits = [1, 2, 3, 4, 5, 6].map((failures) => delayAfter(failures, policy));
  assert.deepEqual(waits, [100, 200, 400, 800, 30_000, 30_000]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), (failures) => {
      assert.ok(delayAfter(failures, policy) <= delayAfter(failures + 1, policy));
    }),
  );
});

test("a process that fails again and again ends in a crash loop and is still tried", () => {
  let { state } = run([{ kind: "start", at: 0 }]);
  for (let failures = 1; failures <= policy.crashLoopFailures; failures += 1) {
    state = step(state, { kind: "exited", at: 0 }, policy).state;
    if (failures < policy.crashLoopFailures) {
      assert.equal(state.phase, "backing-off");
      state = step(state, { kind: "timer", at: state.wakeAt ?? 0 }, policy).state;
    }
  }
  assert.equal(state.phase, "crash-loop");
  const again = step(state, { kind: "timer", at: state.wakeAt ?? 0 }, policy);
  assert.equal(again.effect, "spawn");
});

test("a process that needs too much memory is asked to stop, and soon after each start it is a crash loop", () => {
  let { state } = run([{ kind: "start", at: 0 }]);
  for (let failures = 1; failures <= policy.crashLoopFailures; failures += 1) {
    state = step(state, { kind: "ready", at: 0 }, policy).state;
    const asked = step(state, { kind: "overweight", at: 0 }, policy);
    assert.equal(asked.effect, "ask-to-stop");
    const gone = step(asked.state, { kind: "exited", at: 0 }, policy);
    assert.equal(gone.effect, undefined);
    state = gone.state;
    if (failures === policy.crashLoopFailures) break;
    assert.equal(state.phase, "backing-off");
    state = step(state, { kind: "timer", at: state.wakeAt ?? 0 }, policy).state;
  }
  assert.equal(state.phase, "crash-loop");
});

test("a process that was ready long enough has no failures behind it", () => {
  const events: ProcessEvent[] = [{ kind: "start", at: 0 }];
  let at = 0;
  for (let round = 0; round < 20; round += 1) {
    events.push({ kind: "ready", at }, { kind: "exited", at: at + policy.stableMs });
    at += policy.stableMs + policy.firstDelayMs;
    events.push({ kind: "timer", at });
  }
  const { state } = run(events);
  assert.equal(state.phase, "starting");
  assert.equal(state.failures, 1);
});

test("a restart on request forgives former failures and comes back once the old process is gone", () => {
  const { state, effects } = run([
    { kind: "start", at: 0 },
    { kind: "ready", at: 1 },
    { kind: "restart", at: 2 },
    { kind: "exited", at: 3 },
  ]);
  assert.deepEqual(effects, ["spawn", "ask-to-stop", "spawn"]);
  assert.deepEqual([state.phase, state.restarts, state.failures], ["starting", 1, 0]);
});
