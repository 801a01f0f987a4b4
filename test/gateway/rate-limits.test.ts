import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, afterEach, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import {
  createApiKey,
  createGateway,
  type Gateway,
  type RateLimitPolicy,
} from "../../src/gateway/index.ts";
import { clientNetwork } from "../../src/gateway/rate-limits/core/client-network.ts";
import { take } from "../../src/gateway/rate-limits/core/gcra.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { type ShiftedTime, shiftedTime } from "../support/shifted-time.ts";

const shop = contract("shop", {
  list: op({ http: "GET /list", auth: "public", output: z.object({ calls: z.int() }) }),
  buy: op({ http: "POST /buy" }),
});

let node: MeshNode;
let gateway: Gateway | undefined;
let time: ShiftedTime;
let calls = 0;
const [first, second] = [createApiKey(), createApiKey()];

before(async () => {
  const shopService = service(shop, ({ handle }) =>
    handle({
      list: () => {
        calls += 1;
        return { calls };
      },
      buy: () => {},
    }),
  );
  node = await createNode({ name: "shop", distributors: [], services: [shopService] });
});
after(() => node.close());
beforeEach(() => {
  time = shiftedTime({ isStopped: true });
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  time.restore();
});

async function start(...rateLimits: RateLimitPolicy[]): Promise<void> {
  gateway = await createGateway({
    node,
    port: 0,
    rateLimits,
    auth: {
      apiKeys: [first, second].map(({ id, hash }) => ({ id, hash, subject: "kim" })),
      verifier: ({ header }) => {
        const subject = header("x-user");
        return subject === undefined ? undefined : { subject, scopes: [] };
      },
    },
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly detail: string;
}
async function ask(
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const response = await fetch(`${gateway?.url}${path}`, { method, headers });
  const text = await response.text();
  const { detail = "" } = text === "" ? {} : JSON.parse(text);
  return { status: response.status, headers: response.headers, detail };
}
const buy = (headers: Record<string, string>) => ask("/buy", headers, "POST");

test("never more than the burst and what flowed away since, and never less", () => {
  const rates = fc.record({
    requests: fc.integer({ min: 1, max: 50 }),
    perMs: fc.integer({ min: 1, max: 100_000 }),
    burst: fc.integer({ min: 1, max: 20 }),
  });
  const gaps = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(rates, gaps, ({ requests, perMs, burst }, steps) => {
      const rate = { intervalMs: perMs / requests, burst };
      // The same as a bucket that holds `burst` and is filled by one each interval.
      let level = burst;
      let now = 1_000_000;
      let kept: number | undefined;
      for (const step of steps) {
        now += step;
        level = Math.min(burst, level + step / rate.intervalMs);
        const [verdict, next] = take(kept, now, rate);
        // Where the bucket is full to a hair, either may be right.
        if (Math.abs(level - 1) > 1e-3) assert.equal(verdict.isAllowed, level > 1);
        if (verdict.isAllowed) {
          level -= 1;
          kept = next;
        } else {
          assert.equal(next, undefined);
          assert.equal(take(kept, now + verdict.retryMs, rate)[0].isAllowed, true);
        }
        assert.ok(verdict.remaining <= level + 1e-3);
        assert.ok(verdict.remaining > level - 1 - 1e-3);
      }
    }),
  );
});

test("a client is an IPv4 address or the first 64 bits of an IPv6 one", () => {
  assert.equal(clientNetwork("10.0.0.1"), "10.0.0.1");
  assert.equal(clientNetwork("::ffff:10.0.0.1"), "10.0.0.1");
  for (const address of ["2001:db8:0:1::1", "2001:0DB8::1:ffff:0:0:2", "2001:db8:0:1:2:3:4:5"])
    assert.equal(clientNetwork(address), "2001:db8:0:1::/64", address);
  assert.equal(clientNetwork("fe80::1%eth0"), "fe80:0:0:0::/64");
  assert.equal(clientNetwork("::1"), "0:0:0:0::/64");
});

test("by address: above it 429, what is left and when more may be asked is told each time", async () => {
  await start({ name: "per-client", by: "ip", requests: 3, perS: 30 });
  const before = calls;
  const answers = [];
  for (let index = 0; index < 4; index += 1) answers.push(await ask("/list"));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 429],
  );
  assert.deepEqual(
    answers.map(({ headers }) => headers.get("ratelimit")),
    ["2;t=10", "1;t=20", "0;t=30", "0;t=30"].map((rest) => `"per-client";r=${rest}`),
  );
  assert.equal(answers[0]?.headers.get("ratelimit-policy"), '"per-client";q=3;w=30');
  const refused = answers[3] as Answer;
  assert.equal(refused.headers.get("retry-after"), "10");
  assert.equal(refused.headers.get("content-type"), "application/problem+json");
  assert.match(refused.detail, /"per-client" is 3 requests in 30 s; try again in 10 s/);
  assert.equal(calls, before + 3);
  const counted = node.metrics.read().find(({ name }) => name === "dure_gateway_limited_total");
  assert.deepEqual(counted?.samples, [["", { policy: "per-client" }, 1]]);
  time.pass(10_000);
  assert.equal((await ask("/list")).status, 200);
  assert.equal((await ask("/list")).status, 429);
});

test("each address has its own, and refused credentials count too", async () => {
  await start({ name: "per-client", by: "ip", requests: 2, perS: 60 });
  const from = (localAddress: string) =>
    new Promise<number>((resolve, reject) => {
      const { port } = gateway as Gateway;
      const headers = { authorization: "Bearer nonsense" };
      const options = { host: "127.0.0.1", port, localAddress, path: "/list", headers };
      httpRequest(options, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });
  const statuses = [];
  for (const last of [1, 1, 1, 2]) statuses.push(await from(`127.0.0.${last}`));
  assert.deepEqual(statuses, [401, 401, 429, 401]);
});

test("by principal and by API key: whoever has neither is not counted", async () => {
  await start(
    { name: "people", by: "principal", requests: 2, perS: 60 },
    { name: "keys", by: "apiKey", requests: 1, perS: 60 },
  );
  const statuses = async (...all: Record<string, string>[]) => {
    const found = [];
    for (const headers of all) found.push((await buy(headers)).status);
    return found;
  };
  const lee = { "x-user": "lee" };
  assert.deepEqual(await statuses(lee, lee, lee, { "x-user": "ann" }), [204, 204, 429, 204]);
  const withKey = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` });
  // Both keys are kim's: each has its own limit, and kim has another one.
  assert.deepEqual(await statuses(withKey(first), withKey(first)), [204, 429]);
  assert.deepEqual(await statuses(withKey(second)), [429]);
  const open = await ask("/list");
  assert.deepEqual([open.status, open.headers.get("ratelimit")], [200, null]);
});

test("by route: all callers together, for the operations that are named", async () => {
  await start({
    name: "buying",
    by: "route",
    requests: 2,
    perS: 60,
    burst: 1,
    operations: ["shop.buy"],
  });
  assert.equal((await buy({ "x-user": "ann" })).status, 204);
  const refused = await buy({ "x-user": "lee" });
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "30"]);
  assert.equal((await ask("/list")).status, 200);
});

test("a limit of an operation that its service does not have is told of once, with what was meant", async () => {
  const told: unknown[] = [];
  const logger = { ...silentLogger, error: (_: string, facts?: object) => void told.push(facts) };
  const operations = ["shop.bye", "shop.buy", "absent.buy", "/legacy/*"];
  const rateLimits: RateLimitPolicy[] = [
    { name: "buying", by: "ip", requests: 1, perS: 1, operations },
  ];
  gateway = await createGateway({ node, port: 0, rateLimits, logger });
  assert.deepEqual(told, [{ limit: "buying", operation: "shop.bye", didYouMean: "shop.buy" }]);
});

test("policies that limit nothing or could not be told apart are refused at the start", async () => {
  const sound: RateLimitPolicy = { name: "a", by: "ip", requests: 1, perS: 1 };
  await assert.rejects(start(sound, sound), /"a" is there twice/);
  for (const [wrong, message] of [
    [{ name: 'a"b' }, /needs a name/],
    [{ requests: 0 }, /allows 0 requests/],
    [{ requests: 1.5 }, /allows 1.5 requests/],
    [{ perS: Number.NaN }, /is for NaN s/],
    [{ burst: -1 }, /a burst of -1/],
  ] as const)
    await assert.rejects(start({ ...sound, ...wrong }), message);
});
