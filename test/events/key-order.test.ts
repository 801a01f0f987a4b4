import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Job, KeyOrder } from "../../src/events/core/key-order.ts";
import type { StoredEvent } from "../../src/events/types.ts";
import { arrivedOf, keysIn } from "./support/arrived.ts";

const [a = "", d = ""] = keysIn(1, 2);
const [b = "", c = ""] = keysIn(2, 2);
const keys = [a, b, c];
const laneOfKey = (key: string) => (key === a ? 1 : 2);
const eventAt = (offset: number, key: string): StoredEvent => ({
  offset,
  key,
  topic: "t",
  at: 0,
  id: `id-${offset}`,
  head: "{}",
  body: "{}",
});

type Action =
  | { readonly kind: "take"; readonly key: string }
  | { readonly kind: "next" }
  | { readonly kind: "end"; readonly which: number; readonly how: "ok" | "fail" | "bury" }
  | { readonly kind: "pass"; readonly ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant("take" as const), key: fc.constantFrom(...keys) }),
  fc.record({ kind: fc.constant("next" as const) }),
  fc.record({
    kind: fc.constant("end" as const),
    which: fc.nat(5),
    how: fc.constantFrom("ok" as const, "ok" as const, "fail" as const, "bury" as const),
  }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 500 }) }),
);

test("(K1, K2, K3) one of a key at a time and in order; a cursor passes nothing that is neither done nor written down", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const order = new KeyOrder();
      const running: Job[] = [];
      const over = new Set<number>();
      const parked = new Set<number>();
      const lastOf = new Map<string, number>();
      let next = 0;
      let now = 1_000;
      const check = () => {
        const changes = order.takeChanges();
        for (const { offset } of changes.park) parked.add(offset);
        for (const { offset } of changes.unpark) parked.delete(offset);
        for (const lane of [1, 2]) {
          const cursor = order.cursorOf(lane, next);
          for (let offset = 0; offset < cursor; offset += 1) {
            const isOfLane = laneOfKey(keys[offset % 3] as string) === lane;
            assert.ok(!isOfLane || over.has(offset) || parked.has(offset), `${offset} was passed`);
          }
        }
      };
      for (const each of actions) {
        if (each.kind === "take") {
          const key = keys[next % 3] as string;
          order.arrived(arrivedOf(eventAt(next, key)));
          next += 1;
        } else if (each.kind === "pass") now += each.ms;
        else if (each.kind === "next") {
          const job = order.next(now);
          if (!job) continue;
          assert.ok(!running.some(({ key }) => key === job.key), "one of a key at a time");
          assert.ok((lastOf.get(job.key) ?? -1) <= job.offset, "in the order of the key");
          lastOf.set(job.key, job.offset);
          running.push(job);
        } else {
          const [job] = running.splice(each.which % Math.max(1, running.length), 1);
          if (!job) continue;
          if (each.how === "fail") order.failed(job, now + 100, []);
          else {
            over.add(job.offset);
            if (each.how === "ok") order.succeeded(job);
            else order.buried(job, []);
          }
        }
        check();
      }
      // Whatever happened, all of it can be brought to an end.
      for (const job of running) {
        over.add(job.offset);
        order.succeeded(job);
      }
      for (let guard = 0; guard < 1_000 && order.size > 0; guard += 1) {
        now += 200;
        const job = order.next(now);
        if (!job) continue;
        over.add(job.offset);
        order.succeeded(job);
      }
      check();
      assert.equal(order.size, 0);
      assert.deepEqual([...parked], []);
      for (const lane of [1, 2]) assert.equal(order.cursorOf(lane, next), next);
    }),
  );
});

test("a lane that is given back keeps what is parked and leaves the rest before its cursor", () => {
  const order = new KeyOrder();
  const [e = ""] = keysIn(1, 3).slice(2);
  const events = [a, d, e, a, d, e].map((key, offset) => eventAt(offset, key));
  order.arrived(arrivedOf(...events));
  const first = order.next(1_000) as Job;
  order.failed(first, 2_000, []);
  const second = order.next(1_000) as Job;
  order.succeeded(second);
  assert.equal(order.isIdle(1), false);
  order.leaveWaiting(1);
  assert.equal(order.isIdle(1), true);
  assert.deepEqual(
    order.takeChanges().park.map(({ offset }) => offset),
    [0],
  );
  assert.equal(order.cursorOf(1, 6), 2);
});

test("what is told of an event is the last that became of it, also where telling failed before", () => {
  const order = new KeyOrder();
  order.arrived(arrivedOf(eventAt(0, a), eventAt(1, a)));
  const first = order.next(0) as Job;
  order.failed(first, 10, []);
  assert.equal(order.next(0), undefined, "its key waits");
  const lost = order.takeChanges();
  assert.deepEqual(
    lost.park.map(({ offset }) => offset),
    [0, 1],
  );
  order.succeeded(order.next(10) as Job);
  order.giveBackChanges(lost);
  const { park, unpark } = order.takeChanges();
  assert.deepEqual(
    park.map(({ offset }) => offset),
    [1],
    "0 is not parked again",
  );
  assert.deepEqual(unpark, [{ lane: 1, offset: 0 }]);
});

test("of a lane that went to another member nothing is told any more", () => {
  const order = new KeyOrder();
  order.arrived(arrivedOf(eventAt(0, a), eventAt(1, b)));
  for (const job of [order.next(0) as Job, order.next(0) as Job]) order.failed(job, 10, []);
  order.drop(1);
  assert.deepEqual(
    order.takeChanges().park.map(({ offset }) => offset),
    [1],
  );
});

test("a lane that is given back parks what comes before something done, so that nothing that is done comes again", () => {
  const order = new KeyOrder();
  order.arrived(arrivedOf(...[a, a, d, d].map((key, offset) => eventAt(offset, key))));
  const [a0, d2] = [order.next(0) as Job, order.next(0) as Job];
  order.succeeded(d2);
  order.succeeded(a0);
  order.leaveWaiting(1);
  assert.deepEqual(
    order.takeChanges().park.map(({ offset }) => offset),
    [1],
  );
  assert.equal(order.cursorOf(1, 4), 3);
});

test("an event that came parked and comes from the log as well is worked on once", () => {
  const order = new KeyOrder();
  const event = eventAt(1, a);
  order.restore({ offset: 1, lane: 1, due: 0, history: [], event }, a);
  order.succeeded(order.next(0) as Job);
  order.arrived(arrivedOf(eventAt(0, d), event));
  order.succeeded(order.next(0) as Job);
  assert.equal(order.next(0), undefined);
  assert.equal(order.cursorOf(1, 2), 2);
});

test("of a lane that is being given back, what is parked is not begun, what runs is ended, and the rest is left", () => {
  const order = new KeyOrder();
  order.arrived(arrivedOf(...[b, c, c, b].map((key, offset) => eventAt(offset, key))));
  const [failing, running] = [order.next(0) as Job, order.next(0) as Job];
  order.failed(failing, 10, []);
  order.hold(2);
  assert.equal(order.isIdle(2), false);
  order.succeeded(running);
  assert.equal(order.isIdle(2), true);
  assert.equal(order.next(1_000), undefined, "its next owner may have begun it already");
  assert.equal(order.cursorOf(2, 4), 2, "what nobody began comes to its next owner");
});

test("of a lane whose owner has changed, what came for the former one is not worked on, and other lanes go on", () => {
  const order = new KeyOrder();
  order.arrived(arrivedOf(...[a, b, a, b].map((key, offset) => eventAt(offset, key))));
  order.drop(2);
  for (const offset of [0, 2]) {
    const job = order.next(0) as Job;
    assert.equal(job.offset, offset);
    order.succeeded(job);
  }
  assert.equal(order.next(0), undefined);
  assert.equal(order.size, 0);
});
