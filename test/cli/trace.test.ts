import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, smallConfig, start, stopCleanly, temporaryFolder } from "./support.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

test("trace shows one request from the gateway to its service, and logs its lines", async (context) => {
  const fleet = start(context, ["up", "--config", smallConfig]);
  const url = await fleet.ready();
  const environment = { DURE_DATA: fleet.dataFolder };
  const answer = await fetch(`${url}/hello/Kim`, { headers: { traceparent } });
  assert.equal(answer.status, 200, await answer.text());
  const { code, stdout, stderr } = await dure(context, ["trace", traceparent], { environment });
  assert.equal(code, 0, stderr);
  const rows = stdout.split("\n").map((line) => line.trim());
  assert.match(rows[1] ?? "", /^\+0\.0 ms +\d+\.\d ms +http GET \/hello\/:name +gateway +gateway/);
  assert.match(rows[2] ?? "", /client hello\.greet +gateway/);
  assert.match(rows[3] ?? "", /server hello\.greet +hello +hello-1/);
  assert.match(rows[4] ?? "", /Z info +hello: greeting \{"name":"Kim"\}$/);

  const json = await dure(context, ["trace", traceId, "--json"], { environment });
  const { trace, logs, silent } = JSON.parse(json.stdout);
  assert.deepEqual([trace.spanCount, trace.errorCount, logs.length, silent], [3, 0, 1, []]);

  const lines = await until("the line is in its file", async () => {
    const found = await dure(context, ["logs", "--trace", traceId, "--raw"], { environment });
    return found.stdout === "" ? undefined : found.stdout.trim().split("\n");
  });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^hello-1 .*"msg":"greeting"/);

  const unknown = await dure(context, ["trace", `${"0".repeat(31)}1`], { environment });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no node holds trace 0+1/);
  await stopCleanly(fleet);
});

test("what is no trace id is refused, saying what one is", async (context) => {
  const { code, stderr } = await dure(context, ["trace", "abc"], { cwd: temporaryFolder(context) });
  assert.equal(code, 2);
  assert.match(stderr, /32 hex digits, or a traceparent/);
});
