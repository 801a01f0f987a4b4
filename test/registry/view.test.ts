import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defaultViewOptions, View } from "../../src/registry/core/view.ts";
import type { NodeRecord } from "../../src/registry/index.ts";

const record = (id: string, incarnation = 1, revision = 0): NodeRecord => ({
  id,
  incarnation,
  revision,
  name: id,
  slot: id,
  mesh: "m",
  host: "h",
  port: 1,
  zone: "",
  weight: 1,
  machine: "x",
  urls: [],
  services: [],
  state: "ready",
  pid: 1,
  startedAt: 0,
});
const ids = (view: View) =>
  view
    .entries()
    .map((entry) => entry.record.id)
    .sort();

test("rule 3: an empty answer removes nobody", () => {
  const view = new View();
  view.snapshot("d1", [record("a"), record("b")], 0);
  view.snapshot("d1", [], 10);
  assert.deepEqual(ids(view), ["a", "b"]);
});

test("rule 4: an older incarnation never comes back, not even after a leave", () => {
  const view = new View();
  view.up("d1", record("a", 5), 0);
  assert.equal(view.up("d2", record("a", 4), 1), false);
  view.leave("a", 5, 2);
  assert.equal(view.up("d2", record("a", 5), 3), false);
  assert.equal(view.up("d2", record("a", 6), 4), true);
});

test("rule 5 and its end: with nobody to vouch for it, a node stays for ten minutes, and goes only if it fails probes", () => {
  const view = new View();
  view.up("d1", record("a"), 0);
  view.originGone("d1", 0);
  for (let at = 1_000; at < defaultViewOptions.unvouchedMs; at += 100_000)
    view.probed("a", 1, false, at);
  assert.deepEqual(ids(view), ["a"]);
  view.probed("a", 1, true, defaultViewOptions.unvouchedMs);
  for (let probe = 0; probe < 2; probe += 1)
    view.probed("a", 1, false, defaultViewOptions.unvouchedMs + probe);
  assert.deepEqual(ids(view), ["a"]);
  view.probed("a", 1, false, defaultViewOptions.unvouchedMs + 3);
  assert.deepEqual(ids(view), []);
});

test("rule 6: one lost node is out of the pick at once; many lost together stay until a probe fails", () => {
  const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
  const view = new View();
  for (const name of names) view.up("d1", record(name), 0);
  view.lost("d1", "n0", 1, 100);
  assert.equal(view.isSuspect("n0"), true);
  for (const name of names.slice(1, 15)) view.lost("d1", name, 1, 101);
  assert.equal(view.isSuspect("n14"), false);
  assert.equal(view.size, 20);
  view.probed("n14", 1, false, 200);
  assert.equal(view.isSuspect("n14"), true);
});

test("rule 7: a peer that just answered is alive, whatever the registry says", () => {
  const view = new View();
  view.up("d1", record("a"), 0);
  view.lost("d1", "a", 1, 1);
  view.heardFrom("a");
  assert.equal(view.isSuspect("a"), false);
  view.probed("a", 1, false, 2);
  view.heardFrom("a");
  assert.deepEqual(ids(view), ["a"]);
});

test("a process that was only paused is believed when it registers again; its forerunners stay gone", () => {
  const view = new View();
  view.up("d1", record("a", 5), 0);
  view.lost("d1", "a", 5, 1);
  view.probed("a", 5, false, 2);
  view.probed("a", 5, false, 3);
  assert.deepEqual(ids(view), []);
  assert.equal(view.up("d2", record("a", 4), 4), false);
  assert.equal(view.up("d1", record("a", 5), 5), true);
  assert.equal(view.isSuspect("a"), false);
});

test("a leave beats direct evidence of the same incarnation", () => {
  const view = new View();
  view.up("d1", record("a"), 0);
  view.heardFrom("a");
  view.leave("a", 1, 1);
  assert.deepEqual(ids(view), []);
});

const report = fc.oneof(
  fc.record({
    kind: fc.constant("up" as const),
    origin: fc.constantFrom("d1", "d2"),
    id: fc.constantFrom("a", "b", "c"),
    incarnation: fc.integer({ min: 1, max: 4 }),
    revision: fc.nat(3),
  }),
  fc.record({
    kind: fc.constant("leave" as const),
    id: fc.constantFrom("a", "b", "c"),
    incarnation: fc.integer({ min: 1, max: 4 }),
  }),
);

test("two views that hear the same reports in any order, with repeats, agree", () => {
  fc.assert(
    fc.property(
      fc.array(report, { maxLength: 25 }),
      fc.infiniteStream(fc.nat()),
      (reports, random) => {
        const apply = (view: View, order: typeof reports) => {
          for (const each of order) {
            if (each.kind === "up")
              view.up(each.origin, record(each.id, each.incarnation, each.revision), 0);
            else view.leave(each.id, each.incarnation, 0);
          }
          return view
            .entries()
            .map(({ record: { id, incarnation, revision } }) => `${id} ${incarnation}.${revision}`)
            .sort();
        };
        const shuffled = [...reports, ...reports.slice(0, 5)]
          .map((each) => ({ each, at: random.next().value as number }))
          .sort((left, right) => left.at - right.at)
          .map(({ each }) => each);
        assert.deepEqual(apply(new View(), shuffled), apply(new View(), reports));
      },
    ),
  );
});

test("without leaves and without failed probes, no report ever shrinks the view", () => {
  const anything = fc.oneof(
    fc.record({ kind: fc.constant("lost" as const), id: fc.constantFrom("a", "b", "c") }),
    fc.record({ kind: fc.constant("gone" as const) }),
    fc.record({ kind: fc.constant("snapshot" as const), held: fc.subarray(["a", "b", "c"]) }),
  );
  fc.assert(
    fc.property(fc.array(anything), (reports) => {
      const view = new View();
      for (const id of ["a", "b", "c"]) view.up("d1", record(id), 0);
      reports.forEach((each, index) => {
        if (each.kind === "lost") view.lost("d1", each.id, 1, index);
        else if (each.kind === "gone") view.originGone("d1", index);
        else
          view.snapshot(
            "d1",
            each.held.map((id) => record(id)),
            index,
          );
      });
      assert.equal(view.size, 3);
    }),
  );
});
