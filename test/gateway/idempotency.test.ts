import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { keyedRequest, openInbox } from "../../src/events/index.ts";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { parseIdempotencyKey } from "../../src/http/idempotency-key.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { sqliteDatabase, type TestDatabase } from "../events/support/databases.ts";
import { until } from "../support/until.ts";

const bank = contract("bank", {
  pay: op({
    http: "POST /payments",
    status: 201,
    auth: "public",
    idempotency: "required",
    input: z.object({ to: z.string(), cents: z.int() }),
    output: z.object({ payment: z.int() }),
    errors: { NoMoney: { status: 402 } },
  }),
  key: op({
    http: "POST /key",
    auth: "public",
    output: z.object({ key: z.string().nullable() }),
  }),
});

const folder = mkdtempSync(join(tmpdir(), "dure-idempotency-"));
let database: TestDatabase;
let node: MeshNode;
let gateway: Gateway;
let payments = 0;
/** Lets a payment go on; nothing holds one up without it. */
let release: (() => void) | undefined;
let isHeldUp = false;

const bankService = service(bank, {
  async setup(host) {
    const inbox = await openInbox(host, database);
    return host.handle({
      pay: (input, ctx) =>
        database.transaction((run) =>
          inbox.answerOnce(run, keyedRequest(ctx, input), async () => {
            if (isHeldUp)
              await new Promise<void>((resolve) => {
                release = resolve;
              });
            if (input.cents > 1_000) return ctx.fail("NoMoney");
            payments += 1;
            return { payment: payments };
          }),
        ),
      key: (_, ctx) => ({ key: ctx.idempotencyKey ?? null }),
    });
  },
});

before(async () => {
  database = sqliteDatabase(join(folder, "data.db"));
  node = await createNode({ name: "bank", distributors: [], services: [bankService] });
  gateway = await createGateway({
    node,
    port: 0,
    auth: {
      verifier: ({ header }) => {
        const subject = header("x-user");
        return subject === undefined ? undefined : { subject, scopes: [] };
      },
    },
  });
});
after(async () => {
  await gateway.close();
  await node.close();
  await database.close();
  rmSync(folder, { recursive: true });
});

async function send(path: string, key: string, body?: unknown, user = "kim") {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: {
      "x-user": user,
      "idempotency-key": key,
      ...(body ? { "content-type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: (await response.json()) as any };
}
const pay = (key: string, cents: number, user?: string) =>
  send("/payments", key, { to: "lee", cents }, user);

test("the same key and body are answered once and the same; another body is 422; another member's key is another key", async () => {
  const first = await pay("k1", 100);
  assert.deepEqual([first.status, first.body], [201, { payment: 1 }]);
  assert.deepEqual(await pay("k1", 100), first);
  assert.deepEqual(await pay('"k1"', 100), first);
  const other = await pay("k1", 200);
  assert.deepEqual([other.status, other.body.code], [422, "ALREADY_EXISTS"]);
  assert.match(other.body.detail, /"k1" was used with another input/);
  assert.deepEqual((await pay("k1", 200, "ann")).body, { payment: 2 });
  assert.equal(payments, 2);
});

test("what failed was not done, and may be tried again with its key", async () => {
  assert.equal((await pay("k2", 5_000)).status, 402);
  assert.equal((await pay("k2", 50)).status, 201);
});

test("whoever comes while the first is being worked on waits, and gets its answer", async () => {
  isHeldUp = true;
  const before = payments;
  const first = pay("k3", 100);
  await until("it is being worked on", () => release);
  const others = [pay("k3", 100), pay("k3", 100), pay("k3", 200)];
  isHeldUp = false;
  release?.();
  const answer = await first;
  assert.equal(answer.status, 201);
  const [second, third, other] = await Promise.all(others);
  assert.deepEqual([second, third], [answer, answer]);
  assert.equal(other?.status, 422);
  assert.equal(payments, before + 1);
});

test("a key is a string of structured fields, or bare; anything else is 400", async () => {
  for (const [header, key] of [
    ["k1", "k1"],
    ['"k1"', "k1"],
    ['"a b"', "a b"],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["x".repeat(200), "x".repeat(200)],
    ["", undefined],
    ['""', undefined],
    ['"k1', undefined],
    ["a b", undefined],
    ['"a", "b"', undefined],
    [String.raw`"a\b"`, undefined],
    ["x".repeat(201), undefined],
  ] as const)
    assert.equal(parseIdempotencyKey(header), key, header);
  assert.equal((await send("/key", '"a b"')).body.key, "a b");
  const wrong = await send("/key", "a b");
  assert.deepEqual([wrong.status, wrong.body.errors[0].field], [400, "Idempotency-Key"]);
});
