import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import type { LogRecord } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";

const diary = contract("diary", {
  write: op({ input: z.object({ text: z.string() }) }),
  flood: op({ input: z.object({ lines: z.int(), width: z.int() }) }),
});
const diaryService = service(diary, {
  async setup({ log, handle }) {
    log.info("set up");
    return handle({
      write: ({ text }, ctx) => ctx.log.warn(text, { pages: 3 }),
      flood: ({ lines, width }, ctx) => {
        for (let line = 0; line < lines; line += 1) ctx.log.info(`${line} ${"x".repeat(width)}`);
      },
    });
  },
});

let distributor: Distributor;
let writer: MeshNode;
let reader: MeshNode;

before(async () => {
  distributor = await createDistributor({ mesh: "logs", port: 0 });
  const distributors = [{ host: "127.0.0.1", port: distributor.port }];
  writer = await createNode({ name: "desk", mesh: "logs", distributors, services: [diaryService] });
  reader = await createNode({ name: "reader", mesh: "logs", distributors });
});
after(async () => {
  await Promise.all([writer.close(), reader.close()]);
  await distributor.close();
});

interface Page {
  readonly records: LogRecord[];
  readonly next: number;
  readonly dropped: number;
}

async function ask(params: Record<string, string>): Promise<Page> {
  const node = await until(
    "the writer is in the view",
    () => reader.registry.nodes().find(({ record }) => record.id === writer.id)?.record,
  );
  const question = { node, operation: "$telemetry.logs", params, deadlineMs: 5_000 };
  return (await reader.ask(question)) as Page;
}

test("each line inside a request has its trace, its span, its service and its node", async () => {
  await reader.client(diary).write({ text: "dear diary" });
  const { records } = await ask({ text: "DEAR" });
  const [line, ...others] = records;
  assert.deepEqual(others, []);
  assert.equal(line?.level, "warn");
  assert.equal(line?.service, "diary");
  assert.equal(line?.node, writer.id);
  assert.deepEqual(line?.fields, { operation: "diary.write", pages: 3 });
  const { records: spans } = writer.traces.spans({ traceIds: [line?.traceId ?? ""] });
  assert.deepEqual(
    spans.map(({ spanId, name }) => [spanId, name]),
    [[line?.spanId, "diary.write"]],
  );
  assert.deepEqual((await ask({ traceId: line?.traceId ?? "" })).records, [line]);
  const [first] = (await ask({ text: "set up" })).records;
  assert.equal(first?.service, "diary");
  assert.equal(first?.traceId, undefined);
});

test("secrets never get into a line: by name, at any depth, in URLs, in headers, in errors", async () => {
  const log = writer.logger;
  const failure = Object.assign(new Error("cannot open postgres://me:hunter2@db/shop"), {
    password: "hunter2",
  });
  log.info("connecting with Bearer hunter2hunter2 to redis://:hunter2@cache:6379", {
    password: "hunter2",
    request: { headers: { authorization: "hunter2", "set-cookie": ["hunter2"] } },
    config: [
      { deep: { apiKey: "hunter2", DURE_TOKEN: "hunter2", clientSecret: { a: "hunter2" } } },
    ],
    err: failure,
    tokens: 3,
  });
  const { records } = await ask({ text: "connecting with" });
  const text = JSON.stringify(records);
  assert.equal(text.includes("hunter2"), false, text);
  const [line] = records;
  assert.equal(line?.text, "connecting with Bearer [redacted] to redis://:[redacted]@cache:6379");
  assert.equal(line?.fields.tokens, 3);
  assert.equal(
    (line?.fields.err as Error | undefined)?.message,
    "cannot open postgres://me:[redacted]@db/shop",
  );
});

test("what cannot be written down as it is costs no line and no crash", async () => {
  const circle: Record<string, unknown> = { name: "circle" };
  circle.self = circle;
  writer.logger.info("odd", {
    circle,
    big: 7n,
    run: () => {},
    bytes: new Uint8Array(9),
    many: Array.from({ length: 10_000 }, (_, index) => index),
    bad: {
      toJSON() {
        throw new Error("no");
      },
    },
    long: "y".repeat(100_000),
  });
  const [line] = (await ask({ text: "odd" })).records;
  assert.equal(line?.fields.big, "7");
  assert.equal(line?.fields.bytes, "[9 bytes]");
  assert.equal(line?.fields.bad, "[unreadable]");
  assert.equal((line?.fields.many as unknown[] | undefined)?.length, 100);
  assert.ok(JSON.stringify(line).length < 10_000);
});

test("a cursor gives every line once; what was overwritten in between is counted", async () => {
  const { next: begin } = await ask({});
  await reader.client(diary).flood({ lines: 10, width: 1 });
  const first = await ask({ after: String(begin), limit: "4" });
  const rest = await ask({ after: String(first.next) });
  assert.equal(first.records.length + rest.records.length, 10);
  assert.equal(first.dropped, 0);
  await reader.client(diary).flood({ lines: 6_000, width: 10 }, { deadlineMs: 30_000 });
  let { next } = rest;
  let [seen, dropped] = [0, 0];
  for (;;) {
    const page = await ask({ after: String(next) });
    if (page.next === next) break;
    seen += page.records.length;
    dropped += page.dropped;
    next = page.next;
  }
  assert.equal(seen + dropped, 6_000);
  assert.equal(seen, 4_096);
});

test("long lines are held by their size, and one answer stays below what a message may have", async () => {
  await reader.client(diary).flood({ lines: 3_000, width: 4_000 }, { deadlineMs: 30_000 });
  let characters = 0;
  let next = 0;
  for (;;) {
    const page = await ask({ after: String(next) });
    if (page.next === next) break;
    const own = JSON.stringify(page.records).length;
    assert.ok(own < 2 * 2 ** 20, `${own}`);
    characters += own;
    next = page.next;
  }
  assert.ok(characters < 6 * 2 ** 20, `${characters}`);
});

test("away from a terminal a line is JSON, without secrets, at its level and above", () => {
  const program = `
    import { createLogger } from "${new URL("../../src/telemetry/index.ts", import.meta.url).href}";
    const log = createLogger({ name: "desk-1" }, "info").child({ service: "diary", token: "hunter2" });
    log.debug("not this");
    log.error("this", { password: "hunter2", err: new Error("because") });`;
  const flags = ["--conditions=dure-source", "--input-type=module", "--eval", program];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
  const [line, ...others] = stdout.trim().split("\n");
  assert.deepEqual(others, [], stderr);
  const { level, name, service: of, msg, password, token, err } = JSON.parse(line ?? "");
  assert.deepEqual(
    { level, name, of, msg },
    { level: 50, name: "desk-1", of: "diary", msg: "this" },
  );
  assert.deepEqual({ password, token }, { password: "[redacted]", token: "[redacted]" });
  assert.equal(err.message, "because");
});
