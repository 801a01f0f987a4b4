import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { contract, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const folder = fileURLToPath(new URL("../../examples/python-client", import.meta.url));
const token = "a token that both know";
const Item = z.object({ index: z.int(), text: z.string() });
const reverse = contract("reverse", {
  text: op({
    http: "GET /reverse/:text",
    input: z.object({ text: z.string() }),
    output: z.object({ text: z.string() }),
  }),
  count: op({ input: z.object({ to: z.int(), bytes: z.int() }), output: stream(Item) }),
  sleep: op({}),
  refuse: op({}),
});
const upper = contract("upper", {
  text: op({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
  count: op({ input: z.object({ to: z.int() }), output: stream(Item) }),
  refuse: op({ errors: { Rude: { status: 422, data: z.object({ word: z.string() }) } } }),
});
const upperService = service(upper, ({ handle }) =>
  handle({
    text: ({ text }) => ({ text: text.toUpperCase() }),
    count: async function* ({ to }) {
      for (let index = 0; index < to; index += 1) yield { index, text: "x".repeat(10_000) };
    },
    refuse: (_, ctx) => ctx.fail("Rude", { word: "boo" }),
  }),
);

const hasPython = spawnSync("python3", ["--version"]).status === 0;
const skip = hasPython || process.env.CI ? false : "there is no python3 here";

describe("the wire in Python", { skip }, () => {
  let distributor: Distributor;
  let node: MeshNode;
  let python: ChildProcess;
  let answers: AsyncIterator<string>;

  /** Tells the program in Python to make a call; resolves to what it says. */
  async function ask(command: object): Promise<any> {
    python.stdin?.write(`${JSON.stringify(command)}\n`);
    return JSON.parse((await answers.next()).value);
  }
  const call = (operation: string, input?: unknown, more: object = {}) =>
    ask({ do: "call", service: "upper", operation, input, ...more });

  before(async () => {
    distributor = await createDistributor({ mesh: "test", port: 0, token });
    node = await createNode({
      name: "upper",
      mesh: "test",
      token,
      services: [upperService],
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
    });
    python = spawn(
      "python3",
      [`${folder}/demo.py`, "node", `127.0.0.1:${distributor.port}`, "test", token],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    answers = createInterface({ input: python.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
    await answers.next();
  });
  after(async () => {
    python.stdin?.end();
    await node.close();
    await distributor.close();
  });

  test("the implementation in Python reads and writes every vector", () => {
    const vectors = fileURLToPath(new URL("vectors/frames.json", import.meta.url));
    const said = execFileSync("python3", [`${folder}/demo.py`, "vectors", vectors], {
      encoding: "utf8",
    });
    assert.match(said, /^\d+ frames and \d+ proofs agree\n$/);
  });

  test("it calls: small and large messages, typed errors, what nobody offers", async () => {
    assert.deepEqual(await call("text", { text: "두레 duré" }), { value: { text: "두레 DURÉ" } });
    const large = "x".repeat(700_000);
    assert.deepEqual(await call("text", { text: large }), { value: { text: large.toUpperCase() } });
    assert.deepEqual((await call("refuse")).error, {
      code: "Rude",
      message: (await call("refuse")).error.message,
      data: { word: "boo" },
    });
    assert.equal((await call("text", { txt: "x" })).error.code, "INVALID_ARGUMENT");
    const nobody = await ask({ do: "call", service: "nobody", operation: "x", deadlineMs: 300 });
    assert.equal(nobody.error.code, "UNAVAILABLE");
  });

  test("it reads streams of more than any credit, and leaves one early", async () => {
    const { value } = await ask({
      do: "stream",
      service: "upper",
      operation: "count",
      input: { to: 1_500 },
    });
    assert.equal(value.length, 1_500);
    assert.equal(value[1_499].index, 1_499);
    const early = await ask({
      do: "stream",
      service: "upper",
      operation: "count",
      input: { to: 1_500 },
      take: 3,
    });
    assert.equal(early.value.length, 3);
    assert.deepEqual(await call("text", { text: "still here" }), { value: { text: "STILL HERE" } });
  });

  test("it is called: found by its contract, streams at the reader's pace, stops when the caller gives up", async () => {
    const client = node.client(reverse);
    await until("it is registered", () => node.registry.instancesOf("reverse").length === 1);
    assert.deepEqual(await client.text({ text: "abc" }), { text: "cba" });
    await until("its contract is known by its hash", () =>
      node.registry
        .instancesOf("reverse")
        .every(({ service: offered }) => node.contractOf(offered.contractHash) !== undefined),
    );
    let next = 0;
    for await (const { index, text } of client.count({ to: 1_200, bytes: 10_000 })) {
      assert.equal(index, next);
      assert.equal(text.length, 10_000);
      next += 1;
    }
    assert.equal(next, 1_200);
    await assert.rejects(client.refuse(), { code: "UNAVAILABLE", message: /not today/ });
    await assert.rejects(client.sleep(undefined, { deadlineMs: 100 }), {
      code: "DEADLINE_EXCEEDED",
    });
    await until(
      "its handler was stopped",
      async () => (await ask({ do: "cancelled" })).value === 1,
    );
  });

  test("a Distributor that comes back empty has it again, and calls went on meanwhile", async () => {
    const { port } = distributor;
    await distributor.close();
    assert.deepEqual(await call("text", { text: "on" }), { value: { text: "ON" } });
    distributor = await createDistributor({ mesh: "test", port, token });
    await until("it is registered again", () =>
      distributor.nodes().some(({ name }) => name === "reverse"),
    );
  });
});
