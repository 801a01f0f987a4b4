import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Candidate,
  type Choice,
  powerOfTwoChoices,
  roundRobin,
} from "../../src/mesh/core/balancer.ts";
import { HashRing } from "../../src/mesh/core/hash-ring.ts";
import { RecentAverage } from "../../src/mesh/core/recent-average.ts";
import { slowStartShare } from "../../src/mesh/core/slow-start.ts";
import { isVersion, versionOrder } from "../../src/mesh/core/version-split.ts";

interface Fake extends Candidate {
  readonly id: number;
  readonly isOut: boolean;
  readonly cost: number;
}

const fake = (id: number, cost: number, isOut = false): Fake => ({
  id,
  cost,
  isOut,
  pendingCount: 0,
  load: () => cost,
});
const choice: Choice<Fake> = { now: 0, key: undefined, mayTake: ({ isOut }) => !isOut };
const fakes = fc
  .array(fc.record({ cost: fc.nat(1_000), isOut: fc.boolean() }), { minLength: 1, maxLength: 40 })
  .map((list) => list.map(({ cost, isOut }, id) => fake(id, cost, isOut)));

test("whichever balancer: what may not be taken never is, and somebody is found as long as there is one", () => {
  fc.assert(
    fc.property(
      fakes,
      fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
      (all, draws) => {
        const random = () => draws.next().value as number;
        for (const balancer of [powerOfTwoChoices<Fake>(random), roundRobin<Fake>()]) {
          const found = balancer.pick(all, choice);
          assert.equal(
            found === undefined,
            all.every(({ isOut }) => isOut),
          );
          if (found) assert.ok(!found.isOut);
        }
      },
    ),
  );
});

test("round robin gives everybody the same", () => {
  const all = [fake(0, 1), fake(1, 5), fake(2, 9), fake(3, 0, true)];
  const balancer = roundRobin<Fake>();
  const counts = [0, 0, 0, 0];
  for (let call = 0; call < 300; call += 1) {
    const { id } = balancer.pick(all, choice) as Fake;
    counts[id] = (counts[id] as number) + 1;
  }
  assert.deepEqual(counts, [100, 100, 100, 0]);
});

test("of two, the less loaded is taken; of many, the most loaded never is", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 2, maxLength: 30 }), (costs) => {
      const all = costs.map((cost, id) => fake(id, cost));
      const found = powerOfTwoChoices<Fake>(Math.random).pick(all, choice) as Fake;
      const worst = Math.max(...costs);
      const isWorstAlone = costs.filter((cost) => cost === worst).length === 1;
      assert.ok(!isWorstAlone || found.cost < worst);
    }),
  );
});

const observed = fc.record({
  gapMs: fc.nat(5_000),
  value: fc.double({ min: 0.01, max: 1_000, noNaN: true }),
});

test("an average of what was seen: never outside of it, and down by 1/e while nobody looks", () => {
  fc.assert(
    fc.property(fc.array(observed, { minLength: 1, maxLength: 50 }), (observations) => {
      const average = new RecentAverage(10_000);
      let time = 0;
      for (const { gapMs, value } of observations) {
        time += gapMs;
        average.observe(time, value);
      }
      const values = observations.map(({ value }) => value);
      const last = average.at(time);
      assert.ok(last >= Math.min(...values) - 1e-9 && last <= Math.max(...values) + 1e-9);
      assert.ok(Math.abs(average.at(time + 10_000) - last / Math.E) < 1e-6 * last);
      average.reset();
      assert.equal(average.at(time), 0);
    }),
  );
});

test("an average counts time: a moment in which an instance stood still hardly changes it, however many calls it had", () => {
  const average = new RecentAverage(10_000);
  for (let time = 0; time < 3_000; time += 2) average.observe(time, 3);
  for (let call = 0; call < 100; call += 1) average.observe(3_050 + call / 100, 50);
  assert.ok(average.at(3_051) > 3 && average.at(3_051) < 6, `${average.at(3_051)}`);
  for (let time = 3_052; time < 8_000; time += 2) average.observe(time, 30);
  assert.ok(average.at(8_000) > 29, "what lasts is believed");
});

test("slow start: a tenth at first, all of it after ten seconds, never less for being older", () => {
  assert.equal(slowStartShare(0), 0.1);
  assert.equal(slowStartShare(5_000), 0.5);
  assert.equal(slowStartShare(10_000), 1);
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(20_000), (age, more) => {
      assert.ok(slowStartShare(age + more) >= slowStartShare(age));
    }),
  );
});

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 24,
});
const keys = Array.from({ length: 4_000 }, (_, index) => `key-${index}`);
const anywhere = () => true;

test("ring: a new place takes keys only for itself, and about its share of them", () => {
  fc.assert(
    fc.property(names, fc.string({ minLength: 13, maxLength: 20 }), (places, added) => {
      const before = new HashRing(places);
      const more = [...places, added];
      const after = new HashRing(more);
      let moved = 0;
      for (const key of keys) {
        const from = places[before.find(key, anywhere) as number];
        const to = more[after.find(key, anywhere) as number];
        if (from === to) continue;
        assert.equal(to, added);
        moved += 1;
      }
      const share = keys.length / more.length;
      assert.ok(moved < 1.6 * share, `${moved} of ${keys.length} moved; its share is ${share}`);
    }),
    { numRuns: 40 },
  );
});

test("ring: the order in which places are known changes nothing; weights do", () => {
  fc.assert(
    fc.property(names, (places) => {
      const forwards = new HashRing(places);
      const reversed = [...places].reverse();
      const backwards = new HashRing(reversed);
      for (const key of keys.slice(0, 200))
        assert.equal(
          places[forwards.find(key, anywhere) as number],
          reversed[backwards.find(key, anywhere) as number],
        );
    }),
    { numRuns: 40 },
  );
  const counts = [0, 0];
  const ring = new HashRing(["a", "b"], [1, 3]);
  for (const key of keys) {
    const place = ring.find(key, anywhere) as number;
    counts[place] = (counts[place] as number) + 1;
  }
  assert.ok((counts[1] as number) > 2 * (counts[0] as number), `${counts}`);
});

test("ring: what may not be taken is passed over, and nobody is found where nobody may", () => {
  fc.assert(
    fc.property(names, fc.string(), fc.func(fc.boolean()), (places, key, mayTakeName) => {
      const mayTake = (place: number) => mayTakeName(places[place] as string);
      const found = new HashRing(places).find(key, mayTake);
      assert.equal(found === undefined, !places.some((_, place) => mayTake(place)));
      if (found !== undefined) assert.ok(mayTake(found));
    }),
    { numRuns: 60 },
  );
});

test("versions: drawn by weight, each tried once, none that weighs nothing", () => {
  const weights = { "1": 90, "2": 10, "3": 0 };
  let first = 0;
  for (let draw = 0; draw < 1; draw += 0.001) {
    const order = versionOrder(weights, draw);
    assert.deepEqual([...order].sort(), ["1", "2"]);
    if (order[0] === "1") first += 1;
  }
  assert.ok(Math.abs(first - 900) <= 1, `${first}`);
  assert.ok(isVersion("1.4.2", "1") && isVersion("1.4.2", "1.4") && isVersion("1", "1"));
  assert.ok(!isVersion("10.0.0", "1") && !isVersion("1.40.0", "1.4"));
});
