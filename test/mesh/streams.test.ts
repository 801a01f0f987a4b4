import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { contract, op, type Service, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

const Item = z.object({ index: z.int(), text: z.string() });
const feed = contract("feed", {
  count: op({ input: z.object({ to: z.int() }), output: stream(Item) }),
  endless: op({ input: z.object({ bytes: z.int() }), output: stream(Item) }),
  breaks: op({
    input: z.object({ after: z.int() }),
    output: stream(Item),
    errors: { Broken: { status: 500, data: z.object({ at: z.int() }) } },
  }),
  silent: op({ input: z.object({ after: z.int() }), output: stream(Item) }),
  wrong: op({ output: stream(Item) }),
  sum: op({ input: stream(Item), output: z.object({ count: z.int(), total: z.int() }) }),
  first: op({ input: stream(Item), output: z.object({ index: z.int() }) }),
  double: op({ input: stream(Item), output: stream(Item) }),
  last: op({ input: stream(Item) }),
});

class Log {
  produced = 0;
  ended = 0;
}

function feedService(log: Log): Service {
  return service(feed, ({ handle }) =>
    handle({
      count: async function* ({ to }) {
        for (let index = 0; index < to; index += 1) yield { index, text: "x" };
      },
      endless: async function* ({ bytes }) {
        try {
          for (let index = 0; ; index += 1) {
            log.produced += 1;
            yield { index, text: "x".repeat(bytes) };
          }
        } finally {
          log.ended += 1;
        }
      },
      breaks: async function* ({ after: count }, ctx) {
        for (let index = 0; index < count; index += 1) yield { index, text: "x" };
        ctx.fail("Broken", { at: count });
      },
      silent: async function* ({ after: count }, ctx) {
        for (let index = 0; index < count; index += 1) yield { index, text: "x" };
        await new Promise((_resolve, reject) => {
          ctx.signal.addEventListener("abort", () => {
            log.ended += 1;
            reject(ctx.signal.reason);
          });
        });
      },
      wrong: async function* () {
        yield { index: "many" } as never;
      },
      sum: async (items) => {
        let count = 0;
        let total = 0;
        for await (const { index } of items) {
          count += 1;
          total += index;
        }
        return { count, total };
      },
      first: async (items) => {
        for await (const { index } of items) return { index };
        return { index: -1 };
      },
      double: async function* (items) {
        for await (const { index, text } of items) yield { index: index * 2, text };
      },
      last: async (items, ctx) => {
        try {
          for await (const _ of items) log.produced += 1;
        } finally {
          log.ended += ctx.signal.aborted ? 1 : 0;
        }
      },
    }),
  );
}

async function* items(to: number, bytes = 1, onTaken: (index: number) => void = () => {}) {
  for (let index = 0; index < to; index += 1) {
    onTaken(index);
    yield { index, text: "x".repeat(bytes) };
  }
}

async function drain(iterable: AsyncIterable<{ index: number }>): Promise<number[]> {
  const seen: number[] = [];
  for await (const { index } of iterable) seen.push(index);
  return seen;
}

for (const topology of ["in one process", "over a link"] as const) {
  describe(`streams ${topology}`, () => {
    const log = new Log();
    let distributor: Distributor;
    const nodes: MeshNode[] = [];
    let caller: MeshNode;
    const client = () => caller.client(feed);

    before(async () => {
      distributor = await createDistributor({ mesh: "test", port: 0 });
      const join = (name: string, services: Service[]) =>
        createNode({
          name,
          mesh: "test",
          services,
          distributors: [{ host: "127.0.0.1", port: distributor.port }],
        });
      nodes.push(await join("feed", [feedService(log)]));
      if (topology === "over a link") nodes.push(await join("caller", []));
      caller = nodes.at(-1) as MeshNode;
    });
    after(async () => {
      await Promise.all(nodes.map((node) => node.close()));
      await distributor.close();
    });

    test("items arrive in order, all of them, and the loop ends with the last", async () => {
      assert.deepEqual(
        await drain(client().count({ to: 1_000 })),
        Array.from({ length: 1_000 }, (_, index) => index),
      );
      assert.deepEqual(await drain(client().count({ to: 0 })), []);
    });

    test("a reader that does not read holds the writer up, however long the stream", async () => {
      const bytes = 10_000;
      const before = log.produced;
      let read = 0;
      for await (const { text } of client().endless({ bytes })) {
        assert.equal(text.length, bytes);
        read += 1;
        if (read === 1) await until("the writer has gone as far ahead as it may", isHeldUp(log));
        const ahead = log.produced - before - read;
        // The credit of a stream is 256 KiB; what is in the hands of writer and reader comes on top.
        assert.ok(ahead <= (2 * 256 * 1_024) / bytes, `${ahead} items ahead`);
        if (read === 500) break;
      }
    });

    test("leaving the loop ends the handler", async () => {
      const { ended } = log;
      for await (const { index } of client().endless({ bytes: 10 })) if (index === 20) break;
      await until("the handler has ended", () => log.ended === ended + 1);
    });

    test("an aborted signal ends both sides", async () => {
      const { ended } = log;
      const controller = new AbortController();
      await assert.rejects(
        async () => {
          for await (const { index } of client().silent(
            { after: 3 },
            { signal: controller.signal },
          ))
            if (index === 2) setImmediate(() => controller.abort());
        },
        { code: "CANCELLED" },
      );
      await until("the handler has ended", () => log.ended === ended + 1);
    });

    test("an error mid-stream reaches the reader after the items before it, typed", async () => {
      const seen: number[] = [];
      await assert.rejects(
        async () => {
          for await (const { index } of client().breaks({ after: 5 })) seen.push(index);
        },
        (error) => feed.breaks.is(error, "Broken") && error.data.at === 5,
      );
      assert.deepEqual(seen, [0, 1, 2, 3, 4]);
    });

    test("the deadline is for the first item, then for each next one", async () => {
      const { ended } = log;
      await assert.rejects(drain(client().silent({ after: 0 }, { deadlineMs: 60 })), {
        code: "DEADLINE_EXCEEDED",
      });
      const seen: number[] = [];
      await assert.rejects(
        async () => {
          for await (const { index } of client().silent({ after: 4 }, { deadlineMs: 60 }))
            seen.push(index);
        },
        { code: "DEADLINE_EXCEEDED" },
      );
      assert.equal(seen.length, 4);
      await until("both handlers have ended", () => log.ended === ended + 2);
    });

    test("an item that breaks its schema ends the stream with INTERNAL, naming the field", async () => {
      await assert.rejects(drain(client().wrong()), {
        code: "INTERNAL",
        message: /index must be an integer/,
      });
    });

    test("an operation takes a stream and answers once", async () => {
      assert.deepEqual(await client().sum(items(2_000)), { count: 2_000, total: 1_999_000 });
      assert.deepEqual(await client().sum(items(0)), { count: 0, total: 0 });
    });

    test("an item of the input larger than a frame and than the credit arrives whole", async () => {
      assert.deepEqual(await client().sum(items(3, 600_000)), { count: 3, total: 3 });
    });

    test("a callee that has seen enough stops the caller's source", async () => {
      let taken = 0;
      const endless = items(Number.POSITIVE_INFINITY, 10_000, () => {
        taken += 1;
      });
      assert.deepEqual(await client().first(endless), { index: 0 });
      await until(
        "the source is asked no more",
        stands(() => taken),
      );
      assert.ok(taken < 100, `${taken} items were taken`);
    });

    test("a stream in and a stream out at once", async () => {
      assert.deepEqual(
        await drain(client().double(items(500))),
        Array.from({ length: 500 }, (_, index) => index * 2),
      );
    });

    test("input that does not fit is refused, naming the field", async () => {
      async function* broken() {
        yield { index: 1, text: "x" };
        yield { index: "two", text: "x" } as never;
      }
      const result = await client().sum(broken()).result();
      assert.ok(!result.ok && ["INVALID_ARGUMENT", "ABORTED"].includes(result.error.code));
      assert.match(result.error.message, /index/);
    });

    test("a caller that gives up ends the reading of its input", async () => {
      const { ended, produced } = log;
      const controller = new AbortController();
      async function* slow() {
        yield { index: 0, text: "x" };
        await new Promise(() => {});
      }
      const call = client().last(slow(), { signal: controller.signal }).result();
      await until("the handler has read an item", () => log.produced > produced);
      controller.abort();
      const result = await call;
      assert.ok(!result.ok && result.error.code === "CANCELLED");
      if (topology === "over a link") await until("the handler has ended", () => log.ended > ended);
    });
  });
}

/** Whether nothing has been produced since the last look. */
function isHeldUp(log: Log): () => boolean {
  return stands(() => log.produced);
}

function stands(read: () => number): () => boolean {
  let former = -1;
  let looks = 0;
  return () => {
    const value = read();
    looks = value === former ? looks + 1 : 0;
    former = value;
    return looks >= 5;
  };
}
