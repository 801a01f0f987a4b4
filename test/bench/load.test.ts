import assert from "node:assert/strict";
import { test } from "node:test";
import { measure } from "../../bench/calls/load.ts";
import { answer, question } from "../../bench/calls/messages.ts";

test("messages have the sizes that the tables name: 200 bytes in, 450 out", () => {
  const inBytes = Buffer.byteLength(JSON.stringify(question(1_000)));
  const outBytes = Buffer.byteLength(JSON.stringify(answer(question(1_000))));
  assert.ok(Math.abs(inBytes - 200) <= 20, `in: ${inBytes}`);
  assert.ok(Math.abs(outBytes - 450) <= 45, `out: ${outBytes}`);
});

test("a round keeps exactly its number of calls in flight and ends at its bound", async () => {
  let running = 0;
  let most = 0;
  const call = async (id: number) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    return answer({ id, currency: "KRW" });
  };
  const result = await measure(call, { inFlight: 8, forMs: 5_000, callsMax: 100 });
  assert.equal(most, 8);
  assert.equal(result.calls, 100);
  assert.ok(result.p50Us <= result.p99Us);
  assert.ok(result.callsPerSecond > 0);
});

test("a wrong answer and a failed call end the round with an error", async () => {
  const bounds = { inFlight: 2, forMs: 1_000, callsMax: 10 };
  const wrong = async () => answer({ id: -1, currency: "KRW" });
  await assert.rejects(measure(wrong, bounds), /got -1/);
  const failing = () => Promise.reject(new Error("no"));
  await assert.rejects(measure(failing, bounds), /no/);
});
