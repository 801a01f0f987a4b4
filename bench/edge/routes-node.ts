/**
 * A node whose service `<name>` has so many routes, `/<name>/0` and on: `routes-node.ts <distributor's port> <name> <count>`. Its address is when
 * it began and when it had joined, in ms since 1970.
 */
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { startNode } from "../dure/fleet.ts";
import { workFor } from "../harness/worker.ts";

const [distributorPort = "", name = "", count = "1"] = process.argv.slice(2);
const wallMs = () => performance.timeOrigin + performance.now();
const numbers = Array.from({ length: Number(count) }, (_, number) => number);
const output = z.object({ number: z.int() });
const operations = Object.fromEntries(
  numbers.map((number) => [
    `get${number}`,
    op({ http: `GET /${name}/${number}`, auth: "public", output }),
  ]),
);
const handlers = Object.fromEntries(numbers.map((number) => [`get${number}`, () => ({ number })]));
const routes = service(contract(name, operations), ({ handle }) => handle(handlers as never));
const beganAt = wallMs();
await startNode(name, distributorPort, { services: [routes] });
workFor(`${beganAt} ${wallMs()}`);
