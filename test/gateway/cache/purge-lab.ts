import type { TestContext } from "node:test";
import { z } from "zod";
import { eventLogService, memoryStorage, meshEvents } from "../../../src/events/index.ts";
import { createGateway, type GatewayOptions } from "../../../src/gateway/index.ts";
import { contract, event, op, type Service, service } from "../../../src/index.ts";
import { createNode } from "../../../src/mesh/index.ts";
import { createDistributor } from "../../../src/registry/index.ts";
import { until } from "../../support/until.ts";
import { isRedisUp, labs } from "./support.ts";

const Thing = z.object({ id: z.int(), name: z.string() });
export const ById = z.object({ id: z.int() });
const things = contract("things", {
  get: op({
    http: "GET /things/:id",
    auth: "public",
    input: ById,
    output: Thing,
    cache: { maxAgeS: 600, tags: ["thing:{id}"] },
  }),
  list: op({
    http: "GET /things",
    auth: "public",
    output: z.object({ items: z.array(Thing) }),
    cache: { maxAgeS: 600, tags: ["things"] },
  }),
  rename: op({ http: "POST /rename", auth: "public", input: Thing }),
  renamed: event(Thing, { purges: ["things", "thing:{id}"] }),
});

/** A mesh with an event log, a service with two things, and gateways. */
export async function startPurgeLab(t: TestContext) {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  t.after(() => distributor.close());
  const join = async (name: string, services: readonly Service[]) => {
    const node = await createNode({
      name,
      mesh: "test",
      services,
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
      events: meshEvents(),
    });
    t.after(() => node.close());
    return node;
  };
  const startLog = () => join("log", [eventLogService({ storage: async () => memoryStorage() })]);
  const names = new Map([
    [1, "one"],
    [2, "two"],
  ]);
  let calls = 0;
  const host = await join("things", [
    service(things, ({ handle }) =>
      handle({
        get: ({ id }) => {
          calls += 1;
          return { id, name: names.get(id) ?? "" };
        },
        list: () => ({ items: [...names].map(([id, name]) => ({ id, name })) }),
        rename: async (thing, ctx) => {
          names.set(thing.id, thing.name);
          await ctx.publish(things.renamed, thing);
        },
      }),
    ),
  ]);
  const startGateway = async (options: Partial<GatewayOptions> = {}) => {
    const shared = labs.redis && { cache: { shared: "redis" as const }, redis: labs.redis };
    const node = await join("gateway", []);
    const gateway = await createGateway({ node, port: 0, ...shared, ...options });
    t.after(() => gateway.close());
    if (labs.redis) await until("Redis is there", () => isRedisUp(node), 30_000);
    await until("it routes", () => gateway.isReady(["things"]), 30_000);
    const get = async (path: string) => {
      const answer = await fetch(gateway.url + path);
      const isHit = /Dure; hit/.test(answer.headers.get("cache-status") ?? "");
      return { answer, isHit, text: await answer.text() };
    };
    /** Waits until answers stay: the cache is emptied once when the gateway begins to follow the log. */
    const fill = (path: string) => until("it is kept", async () => (await get(path)).isHit, 30_000);
    return { url: gateway.url, port: gateway.port, close: () => gateway.close(), get, fill };
  };
  return {
    startGateway,
    startLog,
    calls: () => calls,
    rename: (id: number, name: string) => host.client(things).rename({ id, name }),
  };
}

/** Sends JSON. */
export const post = (url: string, body: unknown) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
