import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract, event, op } from "../../../src/index.ts";
import { until } from "../../support/until.ts";
import { startOrigin } from "../upstream/support.ts";
import { ById, post, startPurgeLab } from "./purge-lab.ts";

test("an event purges what it names on every gateway, and nothing else", async (t) => {
  const { startGateway, startLog } = await startPurgeLab(t);
  await startLog();
  const gateways = [await startGateway(), await startGateway()];
  for (const { fill } of gateways)
    for (const path of ["/things/1", "/things/2", "/things"]) await fill(path);
  // The log is followed by now, or will be soon: then it is emptied once more, and fills again.
  const [first] = gateways;
  let name = 0;
  for (const { get } of gateways) {
    await until(
      "the change is seen",
      async () => {
        name += 1;
        assert.equal(
          (await post(`${first?.url}/rename`, { id: 1, name: `name ${name}` })).status,
          204,
        );
        const seen = `{"id":1,"name":"name ${name}"}`;
        await until("this one", async () => (await get("/things/1")).text === seen, 30_000);
        return (
          (await get("/things")).text.includes(`name ${name}`) && (await get("/things/2")).isHit
        );
      },
      30_000,
    );
  }
});

test("clients are told to ask each time, and get 304 while nothing changed", async (t) => {
  const { startGateway, startLog } = await startPurgeLab(t);
  await startLog();
  const { get, fill, url } = await startGateway();
  await fill("/things/1");
  const { answer } = await get("/things/1");
  assert.equal(answer.headers.get("cache-control"), "no-cache");
  assert.equal(answer.headers.get("surrogate-key"), null);
  const tag = answer.headers.get("etag") ?? "";
  const request = new Request(`${url}/things/1`, { headers: { "if-none-match": tag } });
  assert.equal((await fetch(request)).status, 304);
});

test("an HTTP server names its answers by Surrogate-Key, and events purge them too", async (t) => {
  let asked = 0;
  const upstream = await startOrigin(t, (_request, response) => {
    asked += 1;
    response.setHeader("surrogate-key", "page thing:1").setHeader("cache-control", "max-age=600");
    response.end(`page ${asked}`);
  });
  const { startGateway, startLog } = await startPurgeLab(t);
  await startLog();
  const routes = [{ path: "/pages/*", upstream, auth: "public", cache: true }] as const;
  const { get, fill, url } = await startGateway({ routes });
  await fill("/pages/1");
  assert.equal((await get("/pages/1")).answer.headers.get("surrogate-key"), null);
  const { text } = await get("/pages/1");
  await post(`${url}/rename`, { id: 1, name: "x" });
  await until("it is purged", async () => (await get("/pages/1")).text !== text, 30_000);
});

test("without a log answers are kept for their lifetime; a log that appears empties the cache once", async (t) => {
  const { startGateway, startLog } = await startPurgeLab(t);
  const { get, fill } = await startGateway();
  await fill("/things/1");
  await startLog();
  await until("it is emptied", async () => !(await get("/things/1")).isHit, 30_000);
  await fill("/things/1");
});

test("a tag that names no field is refused", () => {
  const output = z.object({});
  const cache = { maxAgeS: 1, tags: ["x:{di}"] };
  const get = () => op({ http: "GET /x/:id", auth: "public", input: ById, output, cache });
  assert.throws(() => contract("x", { get: get() }), /"x:\{di\}" names di/);
  assert.throws(() => contract("x", { y: event(ById, { purges: ["a b"] }) }), /not a tag/);
});
