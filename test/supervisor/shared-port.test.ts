import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { takerFor } from "../../src/supervisor/arrival.ts";
import type { ManagedProcess } from "../../src/supervisor/index.ts";
import { SharedPort } from "../../src/supervisor/shared-port.ts";
import { until } from "../support/until.ts";

test("a connection that nobody can take, though several seem ready, waits until somebody can", async () => {
  let asked = 0;
  let areGone = true;
  // As processes that were killed just now: their exit is not known yet.
  const taker = (): Pick<ManagedProcess, "hand"> => ({
    hand({ socket }, onLost) {
      asked += 1;
      if (areGone) onLost();
      else socket.end("taken");
    },
  });
  const takers = [taker(), taker(), taker()] as ManagedProcess[];
  const recognizer = { readsHead: false, recognize: () => ({ isMixed: false }) };
  const options = { host: "127.0.0.1", port: 0, takers: () => takers, recognizer };
  const shared = new SharedPort(options);
  const client = connect(await shared.listen(), "127.0.0.1");
  let received = "";
  client.on("data", (bytes) => {
    received += bytes;
  });
  await until("each was asked once", () => asked === 3);
  areGone = false;
  shared.offer();
  await until("it is taken", () => received === "taken");
  assert.equal(asked, 4);
  shared.close();
});

test("of those who come and go only their own clients move", () => {
  const keys = Array.from({ length: 300 }, (_, index) => `203.0.113.${index}`);
  const takers = ["a-1", "a-2", "a-3"].map((name) => ({ name }));
  const before = keys.map((key) => takerFor({ key }, takers)?.name);
  const after = keys.map((key) => takerFor({ key }, takers.slice(0, 2))?.name);
  before.forEach((name, index) => {
    if (name !== "a-3") assert.equal(after[index], name);
  });
  for (const { name } of takers) {
    const count = before.filter((chosen) => chosen === name).length;
    assert.ok(count > 70 && count < 130, `${name} has ${count} of 300`);
  }
  assert.equal(takerFor({ place: "a-2", key: "x" }, takers)?.name, "a-2");
  assert.equal(takerFor({ place: "a-9" }, takers), undefined);
});
