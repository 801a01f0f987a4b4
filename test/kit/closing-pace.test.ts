import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClosingPace, type OpenConnections } from "../../src/kit/index.ts";

const idleMs = 9_000;
/** By then all are to be gone. */
const overMs = 0.75 * idleMs;
const stepMs = 5;

/** Clients of a server that closes: who asks next, and what becomes of the connection. */
interface Clients extends OpenConnections {
  /** Asks once; false where somebody else is asked, for want of a connection here. */
  ask(endsNext: () => boolean): boolean;
}

/** One client that holds many connections, uses them in turn, and opens others elsewhere once it has none that is free. */
function pool(size: number, neededAtOnce: number): Clients {
  let here = size;
  let elsewhere = 0;
  let turn = 0;
  return {
    get openCount() {
      return here;
    },
    get busyCount() {
      return Math.min(here, Math.ceil(neededAtOnce / 2));
    },
    ask(endsNext) {
      elsewhere = Math.max(elsewhere, neededAtOnce - here);
      turn += 1;
      if (turn % (here + elsewhere) >= here) return false;
      if (endsNext()) here -= 1;
      return true;
    },
  };
}

/** Many clients with a connection each, who come in turn. */
function crowd(size: number): Clients {
  const isHere = Array<boolean>(size).fill(true);
  let openCount = size;
  let next = 0;
  return {
    busyCount: 2,
    get openCount() {
      return openCount;
    },
    ask(endsNext) {
      const client = next;
      next = (next + 1) % size;
      if (!isHere[client]) return false;
      if (endsNext()) {
        isHere[client] = false;
        openCount -= 1;
      }
      return true;
    },
  };
}

/** Which share of the requests comes here in each tenth of the time. */
function sharesOf(clients: Clients, perSecond: number): number[] {
  const pace = new ClosingPace(0, idleMs);
  const asked = Array<number>(10).fill(0);
  const served = Array<number>(10).fill(0);
  let due = 0;
  for (let at = 0; at < overMs; at += stepMs) {
    const tenth = Math.floor((at * 10) / overMs);
    for (due += (perSecond * stepMs) / 1_000; due >= 1; due -= 1) {
      asked[tenth] = (asked[tenth] ?? 0) + 1;
      const isHere = clients.ask(() => pace.endsNext(at, clients));
      if (isHere) served[tenth] = (served[tenth] ?? 0) + 1;
    }
  }
  return served.map((count, tenth) => count / Math.max(1, asked[tenth] ?? 0));
}

function assertNoJump(shares: readonly number[], most: number): void {
  const given = shares.map((share, tenth) => (shares[tenth - 1] ?? 1) - share);
  const jumps = given.filter((part) => part > most);
  assert.deepEqual(jumps, [], `shares ${shares.map((share) => share.toFixed(2)).join(" ")}`);
}

test("a closing server gives the requests of a client away in steps, however many connections it holds", () => {
  const sizes = fc.integer({ min: 30, max: 400 });
  const needs = fc.integer({ min: 8, max: 30 });
  const rates = fc.integer({ min: 300, max: 3_000 });
  fc.assert(
    fc.property(sizes, needs, rates, (size, needed, perSecond) => {
      const shares = sharesOf(pool(size, needed), perSecond);
      assertNoJump(shares, 0.6);
      assert.ok((shares.at(-1) ?? 1) < 0.4, `at last ${shares.at(-1)}`);
    }),
  );
});

test("a closing server gives a crowd of clients away evenly", () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 400 }), (size) => {
      const shares = sharesOf(crowd(size), 2_000);
      assertNoJump(shares, 0.3);
      assert.ok((shares.at(-1) ?? 1) < 0.3, `at last ${shares.at(-1)}`);
    }),
  );
});

test("clients that send as much over the connections that are left are given away evenly all the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 200 }), (size) => {
      const pace = new ClosingPace(0, idleMs);
      const openAt: number[] = [];
      let left = size;
      for (let at = 0; at < overMs; at += stepMs) {
        if (at % 675 < stepMs) openAt.push(left);
        for (let request = 0; request < 20 && left > 0; request += 1)
          if (pace.endsNext(at, { openCount: left, busyCount: left })) left -= 1;
      }
      assertNoJump(
        openAt.slice(1).map((open) => open / size),
        0.2,
      );
    }),
  );
});

test("a server without time closes all at once, and one whose time is over closes what is left", () => {
  const connections = { openCount: 1_000, busyCount: 10 };
  assert.equal(new ClosingPace(0, 0).endsNext(0, connections), true);
  const pace = new ClosingPace(0, idleMs);
  assert.equal(pace.endsNext(0, connections), false);
  assert.equal(pace.endsNext(overMs, connections), true);
});
