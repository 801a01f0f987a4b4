import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { createGateway } from "../../src/gateway/index.ts";
import { contract, op, type Service, service } from "../../src/index.ts";
import { createNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const Answer = z.object({ number: z.int() });

/** A service with so many routes. */
function serviceWith(name: string, count: number): Service {
  const operations = Object.fromEntries(
    Array.from({ length: count }, (_, number) => [
      `get${number}`,
      op({ http: `GET /${name}/${number}`, auth: "public", output: Answer }),
    ]),
  );
  const handlers = Object.fromEntries(
    Array.from({ length: count }, (_, number) => [`get${number}`, () => ({ number })]),
  );
  return service(contract(name, operations), ({ handle }) => handle(handlers as never));
}

test("one route more beside a thousand is there soon, and no request is dropped for it", async (t: TestContext) => {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  t.after(() => distributor.close());
  const join = async (name: string, services: readonly Service[]) => {
    const distributors = [{ host: "127.0.0.1", port: distributor.port }];
    const node = await createNode({ name, mesh: "test", services, distributors });
    t.after(() => node.close());
    return node;
  };
  await join("many", [serviceWith("many", 1_000)]);
  const gateway = await createGateway({ node: await join("gateway", []), port: 0 });
  t.after(() => gateway.close());
  await until("the thousand are routed", () => gateway.isReady(["many"]), 30_000);

  let isOver = false;
  let answered = 0;
  const load = Array.from({ length: 4 }, async (_, worker) => {
    for (let number = worker; !isOver; number = (number + 7) % 1_000) {
      const answer = await fetch(`${gateway.url}/many/${number}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), { number });
      answered += 1;
    }
  });
  await until("there is load", () => answered > 50, 30_000);
  assert.equal((await fetch(`${gateway.url}/more/0`)).status, 404);
  const startedAt = performance.now();
  await join("more", [serviceWith("more", 1)]);
  const joinedAt = performance.now();
  const isThere = async () => (await fetch(`${gateway.url}/more/0`)).status === 200;
  await until("the new route answers", isThere, 30_000);
  const ms = (since: number) => (performance.now() - since).toFixed(1);
  t.diagnostic(`${ms(startedAt)} ms after its node began, ${ms(joinedAt)} ms after it joined`);
  const before = answered;
  await until("the load goes on", () => answered > before + 50, 30_000);
  isOver = true;
  await Promise.all(load);
});
