/**
 * How long a new service waits for its first request: 1,000 routes, one service added, each part in a process of its own, four clients that
 * ask all the time. From the Distributor's having its record to the gateway's first answer from it. `route-change.ts [rounds]`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { contract, op, type Service, service } from "../../src/index.ts";
import { createDistributor, createGateway, createNode } from "../../src/node.ts";
import { median } from "../harness/statistics.ts";

const routes = 1_000;
const mesh = "bench";
const Answer = z.object({ number: z.int() });

/** A service with so many routes. */
function serviceWith(name: string, count: number): Service {
  const numbers = Array.from({ length: count }, (_, number) => number);
  const operations = numbers.map((number) => [
    `get${number}`,
    op({ http: `GET /${name}/${number}`, auth: "public", output: Answer }),
  ]);
  const handlers = numbers.map((number) => [`get${number}`, () => ({ number })]);
  return service(contract(name, Object.fromEntries(operations)), ({ handle }) =>
    handle(Object.fromEntries(handlers) as never),
  );
}

const join = (name: string, port: number, services: readonly Service[]) =>
  createNode({ name, mesh, services, distributors: [{ host: "127.0.0.1", port }] });

const now = () => performance.timeOrigin + performance.now();
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What each process does; the parent tells it the Distributor's port, and gets a number back. */
const roles: Record<string, (port: number) => Promise<number>> = {
  distributor: async () => (await createDistributor({ mesh, port: 0 })).port,
  many: async (port) => {
    const node = await join("many", port, [serviceWith("many", routes)]);
    while (!node.registry.isAnnounced()) await turn();
    return 0;
  },
  gateway: async (port) => {
    const gateway = await createGateway({ node: await join("gateway", port, []), port: 0 });
    while (!gateway.isReady(["many"])) await turn();
    return gateway.port;
  },
  /** Adds one service for each message, and tells when the Distributor had it. */
  more: async (port) => {
    process.on("message", async (name) => {
      const node = await join(String(name), port, [serviceWith(String(name), 1)]);
      while (!node.registry.isAnnounced()) await turn();
      process.send?.(now());
    });
    return 0;
  },
};

async function start(role: string, port: number): Promise<{ child: ChildProcess; told: number }> {
  const child = fork(fileURLToPath(import.meta.url), [role, String(port)]);
  const [told] = await once(child, "message");
  return { child, told };
}

async function measure(rounds: number): Promise<void> {
  const distributor = await start("distributor", 0);
  const many = await start("many", distributor.told);
  const gateway = await start("gateway", distributor.told);
  const more = await start("more", distributor.told);
  const url = `http://127.0.0.1:${gateway.told}`;
  let isOver = false;
  let asked = 0;
  let failed = 0;
  const load = Array.from({ length: 4 }, async (_, client) => {
    for (let number = client; !isOver; number = (number + 7) % routes) {
      const answer = await fetch(`${url}/many/${number}`);
      await answer.arrayBuffer();
      asked += 1;
      if (answer.status !== 200) failed += 1;
    }
  });
  const waits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const name = `more${round}`;
    const announced = once(more.child, "message");
    more.child.send(name);
    while ((await fetch(`${url}/${name}/0`)).status !== 200) await turn();
    const answeredAt = now();
    waits.push(answeredAt - Number((await announced)[0]));
  }
  isOver = true;
  await Promise.all(load);
  const sorted = waits.toSorted((left, right) => left - right);
  console.log(
    `${routes} routes, ${rounds} services added one by one: the gateway answers from a new one ` +
      `${median(waits).toFixed(1)} ms (median), ${sorted.at(-1)?.toFixed(1)} ms (longest) after the Distributor has it; ` +
      `${failed} of ${asked} other requests failed`,
  );
  for (const { child } of [more, gateway, many, distributor]) child.kill();
}

const [first = "20", port = "0"] = process.argv.slice(2);
const role = roles[first];
if (role) process.send?.(await role(Number(port)));
else await measure(Number(first));
