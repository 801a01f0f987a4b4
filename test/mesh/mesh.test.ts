import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import {
  ContractError,
  contract,
  DureError,
  hook,
  key,
  op,
  resource,
  type Service,
  service,
} from "../../src/index.ts";
import { createNode, type MeshNode, type NodeOptions } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { stopwatch } from "../support/stopwatch.ts";
import { until } from "../support/until.ts";

const Ask = z.object({ text: z.string() });
const echo = contract("echo", {
  say: op({
    http: "GET /echo/:text",
    input: Ask,
    output: z.object({ text: z.string(), by: z.string() }),
  }),
  change: op({ http: "POST /echo", input: Ask, output: z.object({ count: z.int() }) }),
  refuse: op({
    input: Ask,
    errors: { Rude: { status: 422, data: z.object({ word: z.string() }) } },
  }),
  leak: op({ output: z.object({ shown: z.string() }) }),
  wrong: op({ output: z.object({ count: z.int() }) }),
  hang: op({ idempotent: true, deadlineMs: 5_000 }),
  guarded: op({ scopes: ["echo:admin"] }),
});
const relay = contract("relay", {
  left: op({
    output: z.object({
      remainingMs: z.number(),
      traceId: z.string(),
      tenant: z.string().nullable(),
    }),
  }),
  hang: op({}),
  forget: op({}),
  escape: op({}),
});
const tenant = key("tenant", z.string());

class Log {
  started = 0;
  cancelled = 0;
  counted = 0;
}

function echoService(by: string, log: Log): Service {
  return service(echo, ({ handle }) =>
    handle({
      say: ({ text }) => ({ text, by }),
      change: () => {
        log.counted += 1;
        return { count: log.counted };
      },
      refuse: ({ text }, ctx) => ctx.fail("Rude", { word: text }),
      leak: () => ({ shown: "x", password: "secret" }) as { shown: string },
      wrong: () => ({ count: "many" }) as never,
      hang: (_, ctx) => {
        log.started += 1;
        return new Promise<void>((_resolve, reject) => {
          ctx.signal.addEventListener("abort", () => {
            log.cancelled += 1;
            reject(ctx.signal.reason);
          });
        });
      },
      guarded: () => {},
    }),
  );
}

const byTenant = hook("tenant", (call, next) =>
  next(call.get(tenant) ? call : call.with(tenant, "none")),
);
const tail = contract("tail", {
  see: op({
    output: z.object({
      remainingMs: z.number(),
      traceId: z.string(),
      tenant: z.string().nullable(),
    }),
  }),
});
const tailService = service(tail, ({ handle }) =>
  handle({
    see: (_, ctx) => ({
      remainingMs: ctx.remainingMs(),
      traceId: ctx.traceparent.slice(3, 35),
      tenant: ctx.get(tenant) ?? null,
    }),
  }),
);
const relayService = service(relay, {
  use: [byTenant],
  setup: ({ handle }) =>
    handle({
      left: (_, ctx) => ctx.client(tail).see(),
      hang: async (_, ctx) => {
        await ctx.client(echo).hang();
      },
      forget: async (_, ctx) => {
        ctx.client(echo).hang().result();
      },
      escape: async (_, ctx) => {
        await ctx.client(echo).refuse({ text: "x" });
      },
    }),
});

for (const topology of ["in one process", "in four processes' worth of nodes"] as const) {
  describe(`calls ${topology}`, () => {
    const log = new Log();
    let distributor: Distributor;
    let caller: MeshNode;
    const nodes: MeshNode[] = [];

    before(async () => {
      distributor = await createDistributor({ mesh: "test", port: 0 });
      const join = (name: string, services: Service[]) =>
        createNode({
          name,
          mesh: "test",
          services,
          distributors: [{ host: "127.0.0.1", port: distributor.port }],
        });
      const all = [echoService("one", log), relayService, tailService];
      if (topology === "in one process") nodes.push(await join("all", all));
      else
        nodes.push(
          ...(await Promise.all([
            ...all.map((each, index) => join(`n${index}`, [each])),
            join("caller", []),
          ])),
        );
      caller = nodes.at(-1) as MeshNode;
    });
    after(async () => {
      await Promise.all(nodes.map((node) => node.close()));
      await distributor.close();
    });

    test("a call finds its handler, whatever was started first", async () => {
      assert.deepEqual(await caller.client(echo).say({ text: "두레" }), {
        text: "두레",
        by: "one",
      });
    });

    test("wrong input is refused, naming the field, before a handler sees it", async () => {
      await assert.rejects(caller.client(echo).say({ txt: "x" } as never), {
        code: "INVALID_ARGUMENT",
        message: /echo\.say input\.text is missing \(you sent "txt"; did you mean "text"\?\)/,
      });
    });

    test("a contract's own error arrives with its data, as a value or thrown", async () => {
      const result = await caller.client(echo).refuse({ text: "boo" }).result();
      assert.ok(!result.ok && result.error.code === "Rude");
      assert.deepEqual(result.error.data, { word: "boo" });
      await assert.rejects(caller.client(echo).refuse({ text: "boo" }), (error) => {
        assert.ok(error instanceof ContractError && echo.refuse.is(error, "Rude"));
        return error.data.word === "boo";
      });
    });

    test("another operation's error does not leak through a service: it is a bug there", async () => {
      await assert.rejects(caller.client(relay).escape(), {
        code: "INTERNAL",
        message: /let echo\.refuse's error Rude escape/,
      });
    });

    test("undeclared fields never leave; output that breaks the schema is INTERNAL and named", async () => {
      assert.deepEqual(await caller.client(echo).leak(), { shown: "x" });
      await assert.rejects(caller.client(echo).wrong(), {
        code: "INTERNAL",
        message: /output\.count must be an integer/,
      });
    });

    test("scopes are checked where the operation is handled", async () => {
      await assert.rejects(caller.client(echo).guarded(), { code: "UNAUTHENTICATED" });
      const ref = { service: "echo", operation: "guarded", contractHash: "" };
      const as = (scopes: string[]) =>
        caller.call({
          ref,
          body: "",
          isIdempotent: false,
          head: { deadlineMs: 1_000, principal: JSON.stringify({ subject: "kim", scopes }) },
        }).outcome;
      const denied = await as(["other"]);
      assert.ok(!denied.ok && denied.failure.code === "PERMISSION_DENIED");
      assert.ok((await as(["echo:admin"])).ok);
    });

    test("deadline, trace and keys travel two hops", async () => {
      const seen = await caller.client(relay).left(undefined, { deadlineMs: 700 });
      assert.ok(seen.remainingMs > 0 && seen.remainingMs <= 700, `${seen.remainingMs}`);
      assert.match(seen.traceId, /^[0-9a-f]{32}$/);
      assert.equal(seen.tenant, "none");
    });

    test("a callee that never answers costs the deadline and 50 ms at most, and is told two hops down", async () => {
      const before = log.cancelled;
      const watch = stopwatch();
      await assert.rejects(caller.client(relay).hang(undefined, { deadlineMs: 150 }), {
        code: "DEADLINE_EXCEEDED",
      });
      const tookMs = watch.stop();
      assert.ok(tookMs < 200, `${tookMs} ms`);
      await until("the handler two hops down is cancelled", () => log.cancelled === before + 1);
    });

    test("a caller that gives up stops the work two hops down", async () => {
      const { started, cancelled } = log;
      const controller = new AbortController();
      const call = caller.client(relay).hang(undefined, { signal: controller.signal }).result();
      await until("the work has begun", () => log.started === started + 1);
      controller.abort();
      const result = await call;
      assert.ok(!result.ok && result.error.code === "CANCELLED");
      await until("the work is stopped", () => log.cancelled === cancelled + 1);
    });

    test("calls that a handler does not wait for end with it", async () => {
      const { cancelled, started } = log;
      await caller.client(relay).forget();
      await until(
        "the forgotten call is stopped or never begun",
        () => log.cancelled - cancelled === log.started - started,
      );
    });

    test("an unknown service is waited for and then refused, saying what to do", async () => {
      const nobody = contract("nobody", { call: op({}) });
      await assert.rejects(caller.client(nobody).call(undefined, { deadlineMs: 200 }), (error) => {
        assert.ok(error instanceof DureError);
        return /UNAVAILABLE|DEADLINE/.test(error.code);
      });
    });
  });
}

/** A Distributor and a way to start nodes on it; everything ends with `close`. */
async function fleet() {
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  const nodes: MeshNode[] = [];
  return {
    distributor,
    async node(name: string, services: Service[] = [], options: Partial<NodeOptions> = {}) {
      const node = await createNode({
        name,
        mesh: "test",
        services,
        distributors: [{ host: "127.0.0.1", port: distributor.port }],
        ...options,
      });
      nodes.push(node);
      return node;
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
      await distributor.close();
    },
  };
}

test("calls are spread over the instances, by either balancer", async (t) => {
  const { node, close } = await fleet();
  t.after(close);
  const names = ["one", "two", "three"];
  for (const name of names) await node(name, [echoService(name, new Log())]);
  for (const balancer of ["p2c", "round-robin"] as const) {
    const caller = await node("caller", [], { calls: { balancer } });
    await until("all are seen", () => caller.registry.instancesOf("echo").length === 3);
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => caller.client(echo).say({ text: "x" })),
    );
    for (const name of names) {
      const share = answers.filter(({ by }) => by === name).length;
      // Two choices favour whoever answers quickest; turns are even.
      const least = balancer === "p2c" ? 1 : 90;
      assert.ok(share >= least, `${balancer}: ${name} got ${share} of 300`);
    }
  }
});

test("an instance that drains loses no call, with retries off, and none is executed twice", async (t) => {
  const { node, close } = await fleet();
  t.after(close);
  const logs = [new Log(), new Log()];
  const instances = await Promise.all(
    logs.map((log, index) => node(`echo-${index}`, [echoService(`${index}`, log)])),
  );
  const caller = await node("caller", [], { calls: { retries: 0 } });
  await until("both are seen", () => caller.registry.instancesOf("echo").length === 2);
  let made = 0;
  let isOver = false;
  const callers = Array.from({ length: 20 }, async () => {
    while (!isOver) {
      await caller.client(echo).change({ text: "x" });
      made += 1;
    }
  });
  await until("calls flow", () => made > 200);
  await instances[0]?.drain();
  await instances[0]?.close();
  const atDrain = made;
  await until("calls flow on", () => made > atDrain + 200);
  isOver = true;
  await Promise.all(callers);
  assert.equal((logs[0]?.counted ?? 0) + (logs[1]?.counted ?? 0), made);
});

test("two versions of a contract live side by side: a call goes where its operation is offered", async (t) => {
  const older = contract("shape", { area: op({ output: z.object({ v: z.int() }) }) });
  const newer = contract(
    "shape",
    {
      area: op({ output: z.object({ v: z.int() }) }),
      volume: op({ output: z.object({ v: z.int() }) }),
    },
    { version: "2.0.0" },
  );
  const { node, close } = await fleet();
  t.after(close);
  await node("shape-1", [service(older, ({ handle }) => handle({ area: () => ({ v: 1 }) }))]);
  await node("shape-2", [
    service(newer, ({ handle }) => handle({ area: () => ({ v: 2 }), volume: () => ({ v: 2 }) })),
  ]);
  const caller = await node("caller");
  await until("both are seen", () => caller.registry.instancesOf("shape").length === 2);
  const volumes = await Promise.all(
    Array.from({ length: 50 }, () => caller.client(newer).volume()),
  );
  assert.ok(volumes.every(({ v }) => v === 2));
  const areas = await Promise.all(Array.from({ length: 50 }, () => caller.client(older).area()));
  assert.deepEqual([...new Set(areas.map(({ v }) => v))].sort(), [1, 2]);
});

test("an unknown operation is refused by name", async (t) => {
  const { node, close } = await fleet();
  t.after(close);
  await node("echo", [echoService("x", new Log())]);
  const caller = await node("caller");
  await until("it is seen", () => caller.registry.instancesOf("echo").length === 1);
  const wider = contract("echo", { shout: op({}) });
  await assert.rejects(caller.client(wider).shout(undefined, { deadlineMs: 300 }), /echo.*shout/);
});

test("resources are opened once per process, can be replaced, and services stop in order", async (t) => {
  const opened: string[] = [];
  const database = resource("database", () => {
    opened.push("real");
    return "real";
  });
  const order: string[] = [];
  const user = (name: string) =>
    service(
      contract(name, { get: op({ output: z.object({ db: z.string() }) }) }),
      async ({ use, handle, onStop }) => {
        const db = await use(database);
        onStop(() => order.push(name));
        return handle({ get: () => ({ db }) });
      },
    );
  const { node, close } = await fleet();
  t.after(close);
  const both = await node("both", [user("first"), user("second")]);
  assert.deepEqual(opened, ["real"]);
  await both.close();
  assert.deepEqual(order, ["second", "first"]);
  await node("fake", [user("third")], { provide: [database.with(() => "fake")] });
  assert.deepEqual(opened, ["real"]);
});

test("an incomplete environment is refused with every problem at once; a forgotten handler by name", async (t) => {
  const { node, close } = await fleet();
  t.after(close);
  const needy = service(contract("needy", { get: op({}) }), {
    env: { ONE: z.string(), TWO: z.string(), THREE: z.string().optional() },
    setup: ({ handle }) => handle({ get: () => {} }),
  });
  await assert.rejects(node("needy", [needy]), /ONE: .*; TWO: /);
  const lazy = service(contract("lazy", { get: op({}) }), ({ handle }) => handle({} as never));
  await assert.rejects(node("lazy", [lazy]), /no handler for get/);
});

test("a node that listens on every address names one that others can dial, and is called there", async () => {
  const distributor = await createDistributor({ mesh: "test", port: 0, token: "t" });
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  const options = { mesh: "test", token: "t", distributors };
  const callee = await createNode({
    ...options,
    name: "echo",
    host: "0.0.0.0",
    services: [echoService("all", new Log())],
  });
  const caller = await createNode({ ...options, name: "caller" });
  await until("it is known", () => caller.registry.instancesOf("echo").length === 1);
  assert.notEqual(caller.registry.instancesOf("echo")[0]?.record.host, "0.0.0.0");
  assert.equal((await caller.client(echo).say({ text: "x" })).by, "all");
  await Promise.all([callee.close(), caller.close()]);
  await distributor.close();
});
