import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { dure } from "./support.ts";

test("load sends what was asked for, with its headers, and counts failures by their reasons", async (context) => {
  let count = 0;
  const server = createServer((request, response) => {
    if (request.url === "/silent") return;
    count += 1;
    if (count % 10 === 0 || request.headers["x-shop"] !== "tea") response.statusCode = 503;
    response.end("hello");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  context.after(() => server.close());
  context.after(() => server.closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const load = (...args: string[]) => dure(context, ["load", ...args]);

  const some = await load(`${url}/x`, "--rps", "100", "--seconds", "1", "--header", "x-shop: tea");
  assert.equal(count, 100);
  assert.equal(some.code, 1);
  assert.match(some.stdout, /^100 requests {3}10 failed {3}p50 .* ms {3}p99 .* ms/);
  assert.match(some.stdout, /^ {2}10 answered 503$/m);

  const late = ["--rps", "2", "--seconds", "1", "--timeout-ms", "50"];
  const silent = await load(`${url}/silent`, ...late);
  assert.equal(silent.code, 1);
  assert.match(silent.stdout, /^2 requests {3}2 failed {3}p50 - {3}p99 -/);
  assert.match(silent.stdout, /^ {2}2 no answer within 50 ms$/m);
});

test("load says what is wrong before it sends anything", async (context) => {
  for (const [args, code, why] of [
    [["hello"], 2, /"hello" is neither a path such as/],
    [["/x", "--rps", "0"], 2, /whole number from 1 to 20000/],
    [["/x", "--rps", "20000", "--seconds", "3600"], 2, /lower --rps or --seconds/],
    [["http://127.0.0.1:1/", "--header", "nonsense"], 2, /"nonsense" is no header/],
    [["/x", "--data", "/nonexistent"], 4, /no fleet runs on/],
  ] as const) {
    const { code: got, stderr } = await dure(context, ["load", ...args]);
    assert.match(stderr, why);
    assert.equal(got, code, stderr);
  }
});
