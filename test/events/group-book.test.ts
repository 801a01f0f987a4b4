import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GroupBook } from "../../src/events/core/group-book.ts";
import { laneCount, laneOf, lanesFromText, lanesToText } from "../../src/events/core/lanes.ts";

const leaseMs = 5_000;
const names = ["a", "b", "c", "d"];

/** A member as it knows itself: lanes with the epochs under which it got them. */
type Held = Map<string, Map<number, number>>;

function renew(book: GroupBook, held: Held, name: string, now: number): void {
  const { gained, release } = book.renew(name, now);
  const mine = held.get(name) ?? new Map<number, number>();
  held.set(name, mine);
  for (const lane of gained) mine.set(lane, book.epochOf(lane));
  for (const lane of release) {
    mine.delete(lane);
    book.release(name, lane);
  }
}

const step = fc.record({
  name: fc.constantFrom(...names),
  action: fc.constantFrom("renew" as const, "renew" as const, "leave" as const),
  afterMs: fc.integer({ min: 0, max: 4_000 }),
});

test("(G1, G2) a lane has one owner at most, and each owner its own epoch", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const book = new GroupBook(leaseMs, 100);
      const held: Held = new Map();
      const epochOwners = new Map<string, string>();
      let now = 0;
      for (const { name, action, afterMs } of steps) {
        now += afterMs;
        if (action === "leave") {
          book.leave(name);
          held.delete(name);
        } else renew(book, held, name, now);
        for (let lane = 0; lane < laneCount; lane += 1) {
          const owners = [...held].filter(
            ([each, lanes]) => lanes.has(lane) && book.isOwner(each, lane, lanes.get(lane) ?? 0),
          );
          assert.ok(owners.length <= 1, `lane ${lane}: ${owners.map(([each]) => each)}`);
          const [owner] = owners;
          if (!owner) continue;
          const key = `${lane} ${owner[1].get(lane)}`;
          assert.equal(epochOwners.get(key) ?? owner[0], owner[0]);
          epochOwners.set(key, owner[0]);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("(G3) members that stay have their share, give or take one lane, and a silent one loses its", () => {
  const subset = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });
  fc.assert(
    fc.property(subset, subset, (before, after) => {
      const book = new GroupBook(leaseMs, 0);
      const held: Held = new Map();
      let now = 0;
      const rounds = (members: readonly string[]) => {
        for (let round = 0; round < 12; round += 1) {
          now += 1_000;
          for (const name of members) renew(book, held, name, now);
        }
      };
      rounds(before);
      rounds(after);
      const counts = after.map((name) => {
        const lanes = [...(held.get(name) ?? [])];
        return lanes.filter(([lane, epoch]) => book.isOwner(name, lane, epoch)).length;
      });
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        laneCount,
      );
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
    }),
  );
});

test("lanes are shared evenly by keys, and travel as text", () => {
  const counts = new Array(laneCount).fill(0);
  for (let index = 0; index < 100_000; index += 1) counts[laneOf(`product-${index}`)] += 1;
  assert.ok(Math.max(...counts) < 2 * (100_000 / laneCount), `${Math.max(...counts)}`);
  assert.ok(Math.min(...counts) > 0.5 * (100_000 / laneCount), `${Math.min(...counts)}`);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(laneCount - 1)), (lanes) => {
      assert.deepEqual([...lanesFromText(lanesToText(lanes))].sort(), [...lanes].sort());
    }),
  );
  // What is in a lane stays there: a change of the hash would reorder the keys of every log there is.
  assert.deepEqual(
    ["", "a", "product-7", "두레"].map((key) => laneOf(key)),
    [217, 32, 179, 151],
  );
});

test("after a restart members keep what they had, whoever asks first, and nothing is given away meanwhile", () => {
  const book = new GroupBook(leaseMs, 1_000, 1_500);
  assert.deepEqual(book.renew("early", 0).gained, []);
  for (const lane of [0, 1]) book.claim("a", [lane, 900], 10);
  book.claim("b", [1, 901], 20);
  book.claim("b", [0, 899], 20);
  assert.ok(book.isOwner("a", 0, 900), "an older claim does not count");
  assert.ok(book.isOwner("b", 1, 901), "a newer one does");
  assert.ok(!book.isOwner("a", 1, 900));
  const gained = book.renew("early", 2_000).gained;
  assert.ok(gained.length > 80 && !gained.includes(0) && !gained.includes(1));
  assert.ok(book.epochOf(gained[0] as number) > 1_000);
  book.release("a", 0);
  book.claim("a", [0, 900], 2_010);
  assert.ok(!book.isOwner("a", 0, 900), "what was given back cannot be claimed");
  book.claim("a", [gained[0] as number, 950], 2_010);
  assert.ok(!book.isOwner("a", gained[0] as number, 950), "nor what was given away");
});
