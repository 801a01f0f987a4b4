import assert from "node:assert/strict";
import { test } from "node:test";
import { startOrigin } from "../gateway/upstream/support.ts";
import { dure, start, stopCleanly, temporaryFolder } from "./support.ts";

test("a gateway alone is a cache before any HTTP server", async (context) => {
  let asked = 0;
  const origin = await startOrigin(context, (_request, response) => {
    asked += 1;
    response.setHeader("cache-control", "max-age=60").end(`answer ${asked}`);
  });
  const flags = ["--upstream", origin, "--cache", "--cache-mb", "1", "--port", "0"];
  const gateway = start(context, ["gateway", ...flags], { cwd: temporaryFolder(context) });
  await gateway.ready();
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(gateway.stdout())?.[0] ?? "";
  for (const deed of [/fwd=uri-miss/, /hit/]) {
    const answer = await fetch(`${url}/a/b?c=d`);
    assert.match(answer.headers.get("cache-status") ?? "", deed);
    assert.equal(await answer.text(), "answer 1");
  }
  await stopCleanly(gateway);
});

test("a gateway that has nothing to route to says what it needs", async (context) => {
  const cwd = temporaryFolder(context);
  const nothing = await dure(context, ["gateway", "--port", "0"], { cwd });
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /--join, or HTTP servers with --upstream/);
  const wrong = await dure(context, ["gateway", "--upstream", "localhost:8000"], { cwd });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /http:\/\/host:port/);
});
