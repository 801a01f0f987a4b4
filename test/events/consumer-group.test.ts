/** What a group knows in memory is what is on disk, whatever the disk says and whoever asks meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsumerGroup } from "../../src/events/consumer-group.ts";
import { memoryStorage, type Storage } from "../../src/events/index.ts";
import type { ParkedEvent } from "../../src/events/types.ts";
import { DureError } from "../../src/kit/index.ts";

const topic = "orders.placed";

/** A group on a storage whose writes can be held back, or fail. */
async function open() {
  const storage = memoryStorage();
  let hold: Promise<void> = Promise.resolve();
  let failure: DureError | undefined;
  const between: Storage = {
    durability: storage.durability,
    async call(name, input) {
      if (name === "saveGroup") {
        if (failure) throw failure;
        await hold;
      }
      return storage.call(name, input);
    },
    close: () => storage.close(),
  };
  const load = () => storage.call("openGroup", { name: "readers", topic, start: "beginning" });
  return {
    group: new ConsumerGroup(between, await load(), { incarnation: 1 }),
    load,
    letters: () => storage.call("deadLetters", { after: 0, max: 100 }),
    storage,
    failWith(error: DureError | undefined) {
      failure = error;
    },
    holdUntil(promise: Promise<void>) {
      hold = promise;
    },
  };
}

const parkedAt = (offset: number, lane = 0, body = "1"): ParkedEvent => ({
  offset,
  lane,
  due: 0,
  history: [],
  event: { topic, offset, at: 0, key: "k", id: `a:1:${offset}`, head: "{}", body },
});
const nothing = { park: [], unpark: [], bury: [], release: [] };
const sign = (member: string) => ({ member, held: [], heard: [] });

test("what the disk refused is not known either: nobody's next commit takes its cursor along", async () => {
  const { group, load, failWith } = await open();
  const [lane] = (await group.renew(sign("one"), 0)).lanes;
  assert.ok(lane);
  const lanes = [[lane.lane, lane.epoch, 6] as const];
  failWith(new DureError("RESOURCE_EXHAUSTED", "full"));
  const failing = { ...nothing, member: "one", lanes, park: [parkedAt(5, lane.lane)] };
  await assert.rejects(group.commit(failing, 0), { code: "RESOURCE_EXHAUSTED" });
  failWith(undefined);
  assert.equal(group.parkedCount, 0);

  // The member is gone; another one has its lanes, and commits another lane.
  const later = (await group.renew(sign("two"), 10_000)).lanes;
  assert.equal(later.find((each) => each.lane === lane.lane)?.cursor, 0);
  const other = later.find((each) => each.lane !== lane.lane);
  assert.ok(other);
  await group.commit({ ...nothing, member: "two", lanes: [[other.lane, other.epoch, 3]] }, 0);
  const { cursors, parked } = await load();
  assert.equal(cursors[lane.lane], 0, "event 5 comes again after a restart");
  assert.equal(cursors[other.lane], 3);
  assert.deepEqual(parked, []);
});

test("a lane that changes hands waits for what its former owner was just committing", async () => {
  const { group, holdUntil } = await open();
  const [lane] = (await group.renew(sign("one"), 0)).lanes;
  assert.ok(lane);
  const { promise, resolve } = Promise.withResolvers<void>();
  holdUntil(promise);
  const lanes = [[lane.lane, lane.epoch, 6] as const];
  const committing = group.commit(
    {
      ...nothing,
      member: "one",
      lanes,
      park: [parkedAt(5, lane.lane)],
    },
    0,
  );
  const renewing = group.renew(sign("two"), 10_000);
  resolve();
  await committing;
  const gained = (await renewing).lanes.find((each) => each.lane === lane.lane);
  assert.equal(gained?.cursor, 6);
  assert.equal(gained?.hasParked, true);
  assert.deepEqual(
    await group.commit({ ...nothing, member: "one", lanes }, 0),
    [lane.lane],
    "and what the former owner says then is stale",
  );
});

test("a letter that is told twice is one letter", async () => {
  const { group, letters } = await open();
  const [lane] = (await group.renew(sign("one"), 0)).lanes;
  assert.ok(lane);
  const bury = [{ lane: lane.lane, event: parkedAt(5).event, history: [] }];
  // The answer to the first one was lost.
  for (const _ of [1, 2])
    await group.commit({ ...nothing, member: "one", lanes: [[lane.lane, lane.epoch, 6]], bury }, 0);
  assert.equal((await letters()).length, 1);
});

test("a revived event is told of until its member has heard of it, and once where its lane changes hands", async () => {
  const { group } = await open();
  const lanes = (await group.renew(sign("one"), 0)).lanes;
  const held = lanes.map(({ lane, epoch }) => [lane, epoch] as const);
  group.revive(parkedAt(5));
  const renew = (heard: number[]) => group.renew({ member: "one", held, heard }, 1);
  const offsets = ({ revived }: { revived: ParkedEvent[] }) => revived.map(({ offset }) => offset);
  assert.deepEqual(offsets(await renew([])), [5]);
  assert.deepEqual(offsets(await renew([])), [5], "the first answer was lost");
  assert.deepEqual(offsets(await renew([5])), []);

  group.revive(parkedAt(6));
  const gained = await group.renew(sign("two"), 10_000);
  assert.deepEqual(offsets(gained), [], "it comes with what is parked");
  assert.deepEqual(
    group.parkedIn(new Set([0]), 0).parked.map(({ offset }) => offset),
    [5, 6],
  );
  const all = gained.lanes.map(({ lane, epoch }) => [lane, epoch] as const);
  const next = await group.renew({ member: "two", held: all, heard: [] }, 10_001);
  assert.deepEqual(offsets(next), []);
});

test("parked events come in parts that fit into messages", async () => {
  const { group } = await open();
  const body = "x".repeat(300_000);
  for (let offset = 0; offset < 10; offset += 1) group.revive(parkedAt(offset, offset % 2, body));
  const found: number[] = [];
  let parts = 0;
  for (let from: number | undefined = 0; from !== undefined; parts += 1) {
    const { parked, next }: { parked: ParkedEvent[]; next?: number } = group.parkedIn(
      new Set([0, 1]),
      from,
    );
    found.push(...parked.map(({ offset }) => offset));
    from = next;
  }
  assert.deepEqual(found, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.ok(parts > 2);
});

test("a group at its bound of parked events takes what is done together with what is new", async () => {
  const { group } = await open();
  const [lane] = (await group.renew(sign("one"), 0)).lanes;
  assert.ok(lane);
  const lanes = [[lane.lane, lane.epoch, 0] as const];
  const park = Array.from({ length: 10_000 }, (_, offset) => parkedAt(offset, lane.lane));
  await group.commit({ ...nothing, member: "one", lanes, park }, 0);
  const more = { ...nothing, member: "one", lanes, park: [parkedAt(20_000, lane.lane)] };
  await assert.rejects(group.commit(more, 0), { code: "RESOURCE_EXHAUSTED" });
  await group.commit({ ...more, unpark: [{ lane: lane.lane, offset: 0 }] }, 0);
  assert.equal(group.parkedCount, 10_000);
});
