import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SlidingWindow } from "../../src/kit/index.ts";
import { AdaptiveLimit, defaultAdaptiveLimit } from "../../src/mesh/core/adaptive-limit.ts";
import { Breaker, defaultBreaker } from "../../src/mesh/core/breaker.ts";
import { ClientThrottle } from "../../src/mesh/core/client-throttle.ts";
import { ControlledDelay, defaultControlledDelay } from "../../src/mesh/core/controlled-delay.ts";
import { LatencyDigest } from "../../src/mesh/core/latency-digest.ts";
import { defaultRetryBudget, RetryBudget } from "../../src/mesh/core/retry-budget.ts";
import { decideRetry } from "../../src/mesh/core/retry-policy.ts";

const noJitter = () => 0;

test("a window counts what happened within it and nothing else", () => {
  const events = fc.array(fc.record({ gapMs: fc.nat(800), counter: fc.nat(1) }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(events, (list) => {
      const window = new SlidingWindow(1_000, 10, 2);
      const seen: { readonly at: number; readonly counter: number }[] = [];
      let time = 5_000;
      for (const { gapMs, counter } of list) {
        time += gapMs;
        window.add(time, counter);
        seen.push({ at: time, counter });
        for (const each of [0, 1]) {
          // Within a bucket's width it may be either.
          const surely = seen.filter((one) => one.counter === each && one.at > time - 900).length;
          const atMost = seen.filter((one) => one.counter === each && one.at > time - 1_000).length;
          const sum = window.sum(time, each);
          assert.ok(sum >= surely && sum <= atMost, `${sum} not in ${surely}..${atMost}`);
        }
      }
    }),
  );
});

test("breaker: opens at five failures in a row, one probe after a second, twice as long after each failed probe", () => {
  const breaker = new Breaker(defaultBreaker, noJitter);
  let time = 0;
  for (let failure = 0; failure < 5; failure += 1) {
    assert.ok(breaker.admits(time));
    breaker.onFailure(time, true);
  }
  for (const openMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    assert.ok(!breaker.admits(time + openMs - 1));
    time += openMs;
    assert.ok(breaker.admits(time));
    breaker.onSend(time);
    assert.ok(!breaker.admits(time), "one probe at a time");
    breaker.onFailure(time, true);
  }
  time += 30_000;
  breaker.onSend(time);
  breaker.onSuccess(time);
  assert.ok(breaker.admits(time) && !breaker.isTripped);
});

test("breaker: opens at half of twenty within ten seconds, not at fewer, not later", () => {
  const share = (failures: number, total: number, gapMs: number) => {
    const breaker = new Breaker(defaultBreaker, noJitter);
    let time = 0;
    for (let call = 0; call < total; call += 1) {
      time += gapMs;
      // Spread, so that there are never five in a row.
      if (call % 2 === 1 && call / 2 < failures) breaker.onFailure(time, true);
      else breaker.onSuccess(time);
    }
    return breaker.isTripped;
  };
  assert.ok(share(10, 20, 10));
  assert.ok(!share(9, 20, 10));
  assert.ok(!share(9, 19, 10), "too few to judge");
  assert.ok(!share(10, 20, 1_000), "too long ago to judge");
});

test("breaker: whatever happens, it opens only after a failure, never where it may not, and a success after the probe closes it", () => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.nat(3_000),
      kind: fc.constantFrom("success", "failure", "neither"),
      mayOpen: fc.boolean(),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const breaker = new Breaker(defaultBreaker, noJitter);
      let time = 0;
      for (const { gapMs, kind, mayOpen } of list) {
        time += gapMs;
        const wasTripped = breaker.isTripped;
        if (!breaker.admits(time)) continue;
        breaker.onSend(time);
        if (kind === "success") breaker.onSuccess(time);
        else if (kind === "failure") breaker.onFailure(time, mayOpen);
        else breaker.onNeither();
        if (!wasTripped && breaker.isTripped) assert.ok(kind === "failure" && mayOpen);
        if (wasTripped && kind === "success") assert.ok(!breaker.isTripped);
      }
    }),
  );
});

test("retry budget: never more than a fifth of the calls, one a second, and the burst", () => {
  const steps = fc.array(fc.record({ gapMs: fc.nat(400), isRetry: fc.boolean() }), {
    maxLength: 500,
  });
  fc.assert(
    fc.property(steps, (list) => {
      const { share, floorPerSecond, burst } = defaultRetryBudget;
      const budget = new RetryBudget(defaultRetryBudget, 0);
      let time = 0;
      let calls = 0;
      let retries = 0;
      for (const { gapMs, isRetry } of list) {
        time += gapMs;
        if (!isRetry) {
          budget.onCall(time);
          calls += 1;
        } else if (budget.tryTake(time)) retries += 1;
        assert.ok(retries <= burst + calls * share + (time / 1_000) * floorPerSecond + 1e-9);
      }
    }),
  );
});

test("retry budget: what an instance had at work when it died can all be asked elsewhere at once, and is forgotten later", () => {
  const { share, burst, windowMs } = defaultRetryBudget;
  const budget = new RetryBudget(defaultRetryBudget, 0);
  const takeAll = (time: number) => {
    let taken = 0;
    while (budget.tryTake(time)) taken += 1;
    return taken;
  };
  const callsPerSecond = 1_000;
  const callFor = (seconds: number, from: number) => {
    for (let call = 0; call < seconds * callsPerSecond; call += 1) budget.onCall(from + call);
  };
  callFor(5, 0);
  assert.equal(budget.balance(5_000), share * 5 * callsPerSecond);
  assert.equal(takeAll(5_000), share * 5 * callsPerSecond);
  assert.ok(budget.balance(5_000) < 1, "all are taken");
  callFor(5, 5_000);
  assert.ok(takeAll(3 * windowMs) <= burst, "without calls there is no more than the burst");
});

test("retry: what was done or may have been is repeated only where that is harmless; what a hop below has retried, never", () => {
  const failures = fc.record({
    code: fc.constantFrom(
      "UNAVAILABLE",
      "RESOURCE_EXHAUSTED",
      "INTERNAL",
      "INVALID_ARGUMENT",
      "CANCELLED",
      "DEADLINE_EXCEEDED",
      "Own",
    ),
    message: fc.constant("x"),
    isDeclared: fc.boolean(),
    isExhausted: fc.boolean(),
    isStarted: fc.boolean(),
    sent: fc.constantFrom("no" as const, "unknown" as const, "answered" as const),
  });
  fc.assert(
    fc.property(failures, fc.boolean(), (failure, isIdempotent) => {
      const decision = decideRetry(failure, isIdempotent);
      if (failure.isDeclared || failure.isExhausted) assert.equal(decision, "give-up");
      if (failure.sent !== "no" && !isIdempotent) assert.equal(decision, "give-up");
      if (decision === "redispatch") assert.equal(failure.sent, "no");
    }),
  );
});

test("digest: every quantile within a bucket of the true one", () => {
  const latencies = fc.array(fc.double({ min: 0.02, max: 100_000, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.5, 0.95, 0.99, 1), (list, quantile) => {
      const digest = new LatencyDigest();
      for (const latency of list) digest.add(0, latency);
      const sorted = [...list].sort((left, right) => left - right);
      const exact = sorted[Math.ceil(list.length * quantile) - 1] as number;
      const told = digest.quantile(quantile) as number;
      assert.ok(told >= exact * 0.999 && told <= exact * 1.2, `${told} for ${exact}`);
    }),
  );
  const digest = new LatencyDigest(1_000);
  digest.add(0, 500);
  digest.add(2_500, 1);
  assert.ok((digest.quantile(1) as number) < 2, "what is old is forgotten");
});

test("throttle: refuses nothing while the callee takes half, nearly all while it takes nothing, and lets go afterwards", () => {
  const throttle = new ClientThrottle();
  let time = 0;
  for (let call = 0; call < 100; call += 1) {
    time += 10;
    if (call % 2 === 0) throttle.onAccepted(time);
    else throttle.onRefused(time);
    assert.ok(throttle.refusalShare(time) <= 0.35);
  }
  for (let call = 0; call < 1_000; call += 1) {
    time += 10;
    throttle.onRefused(time);
  }
  assert.ok(throttle.refusalShare(time) > 0.85 && throttle.refusalShare(time) < 1);
  assert.equal(throttle.refusalShare(time + 130_000), 0);
});

test("limit: stays while latency does, comes down while it grows, never leaves its bounds", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          latencyMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
          inFlight: fc.nat(5_000),
        }),
        { maxLength: 300 },
      ),
      (samples) => {
        const limit = new AdaptiveLimit(defaultAdaptiveLimit);
        let time = 0;
        for (const { latencyMs, inFlight } of samples) {
          time += 100;
          limit.onEnd(time, { latencyMs, deadlineMs: 1_000 }, inFlight);
          assert.ok(
            limit.limit >= defaultAdaptiveLimit.min && limit.limit <= defaultAdaptiveLimit.max,
          );
        }
      },
    ),
  );
  const deadlineMs = 100;
  const steady = new AdaptiveLimit(defaultAdaptiveLimit);
  for (let time = 0; time < 10_000; time += 10)
    steady.onEnd(time, { latencyMs: 10, deadlineMs }, steady.limit);
  assert.ok(steady.limit >= defaultAdaptiveLimit.initial);
  const crowded = new AdaptiveLimit(defaultAdaptiveLimit);
  // A callee that does a thousand a second: with n at once each takes n ms.
  let time = 0;
  for (; time < 3_000; time += 100) crowded.onEnd(time, { latencyMs: 10, deadlineMs }, 10);
  for (; time < 15_000; time += 100)
    crowded.onEnd(time, { latencyMs: crowded.limit, deadlineMs }, crowded.limit);
  assert.ok(crowded.limit < 200, `${crowded.limit}`);
});

test("limit: what callers can wait for takes nothing away, and what an overload took is soon back", () => {
  const limit = new AdaptiveLimit(defaultAdaptiveLimit);
  const { initial, min, deadlineShare, windowMs } = defaultAdaptiveLimit;
  const deadlineMs = 5_000;
  const harmlessMs = deadlineMs * deadlineShare;
  let time = 0;
  const run = (forMs: number, latencyMs: number, inFlight: number) => {
    for (const end = time + forMs; time < end; time += windowMs)
      limit.onEnd(time, { latencyMs, deadlineMs }, inFlight);
  };
  run(5_000, 10, 10);
  run(2_000, harmlessMs, initial);
  assert.ok(
    limit.limit > 1.5 * initial,
    "fifty times slower, yet in time: there is room for a crowd",
  );
  run(1_000, 10, 10);
  assert.equal(limit.limit, initial, "when it is gone, the limit is what it was");
  run(10_000, 2 * harmlessMs, initial);
  assert.ok(limit.limit < initial / 2, `${limit.limit}`);
  run(10_000, deadlineMs, initial);
  assert.equal(limit.limit, min);
  run(3_500, 10, 1);
  assert.equal(limit.limit, initial, "also where few come meanwhile");
});

test("controlled delay: a burst is served, an overload is not; the important may wait ten times as long", () => {
  const { targetMs, burstMs } = defaultControlledDelay;
  const delay = new ControlledDelay(defaultControlledDelay);
  const admits = (time: number, waitedMs: number, priority: number) =>
    delay.admits(time, { waitedMs, deadlineMs: 100, priority });
  assert.ok(admits(0, 1, 3));
  for (let time = 0; time < burstMs; time += 10) assert.ok(admits(time, 100, 3));
  assert.ok(!admits(burstMs, 100, 3));
  assert.ok(admits(burstMs, 100, 0));
  assert.ok(!admits(burstMs, targetMs * 10 + 1, 0));
  assert.ok(!admits(burstMs, targetMs, 7));
  assert.ok(admits(burstMs, targetMs - 1, 3), "the queue is short again");
  assert.ok(admits(burstMs + 1, 100, 3), "and the next burst is one again");
});

test("controlled delay: who has more time may wait longer", () => {
  const { burstMs, burstShare, deadlineShare } = defaultControlledDelay;
  const delay = new ControlledDelay(defaultControlledDelay);
  const deadlineMs = 5_000;
  const patienceMs = deadlineMs * deadlineShare;
  const admits = (time: number, waitedMs: number) =>
    delay.admits(time, { waitedMs, deadlineMs, priority: 3 });
  const longAt = 10 * burstMs;
  const overloadedAt = longAt + deadlineMs * burstShare;
  for (let time = 0; time < longAt; time += 10) assert.ok(admits(time, patienceMs - 1));
  for (let time = longAt; time < overloadedAt; time += 10)
    assert.ok(admits(time, deadlineMs * burstShare), "a processor that was taken for a moment");
  assert.ok(!admits(overloadedAt, patienceMs + 1));
  assert.ok(admits(overloadedAt, patienceMs - 1), "the queue is short again");
  assert.ok(!admits(overloadedAt + 10, deadlineMs * burstShare + 1), "it hardly ends in time");
});

test("requests far apart are no overload, however late each of them is", () => {
  const { burstMs } = defaultControlledDelay;
  const delay = new ControlledDelay(defaultControlledDelay);
  for (let time = 0; time < 100 * burstMs; time += burstMs + 1)
    assert.ok(delay.admits(time, { waitedMs: 100, deadlineMs: 100, priority: 3 }));
});
