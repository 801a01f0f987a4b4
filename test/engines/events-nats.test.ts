import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DiscardPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectTo } from "@nats-io/transport-node";
import type { Storage } from "../../src/events/index.ts";
import { type NatsClient, openNatsStorage } from "../../src/events/nats/index.ts";
import { keepsWhatItAcknowledged } from "../events/support/engine-faults.ts";
import { eventsSuite } from "../events/support/events-suite.ts";
import { readEvents, storeEvents } from "../events/support/stored-events.ts";
import { until } from "../support/until.ts";
import { type OwnServer, startServer } from "./support/own-server.ts";

let server: OwnServer;
before(async () => {
  server = await startServer(({ port, folder }) => [
    "nats-server",
    ...["--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", folder],
  ]);
});
const opened: Storage[] = [];
after(async () => {
  for (const storage of opened) await storage.close();
  await server.close();
});

const connect = async () => {
  const connection = await connectTo({ servers: `127.0.0.1:${server.port}`, reconnect: false });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  return { connection, jetstream: jetstream(connection), manager };
};
const open = async (stream: string, connecting: () => Promise<NatsClient> = connect) => {
  const storage = await openNatsStorage({ connect: connecting, stream });
  opened.push(storage);
  return storage;
};
const administer = async <Value>(
  work: (manager: Awaited<ReturnType<typeof connect>>["manager"]) => Promise<Value>,
) => {
  const { connection, manager } = await connect();
  try {
    return await work(manager);
  } finally {
    await connection.close();
  }
};
const append = (seq: number, count = 1, body = "{}") => {
  const event = { topic: "t.noted", key: "k", head: "{}", body };
  return { source: "s", epoch: 1, seq, events: Array.from({ length: count }, () => event) };
};
const bounds = { eventsMax: 10_000, bytesMax: 1024 * 1024 };
const read = { topic: "t.noted", from: 0, bounds };
const everything = { keepMs: 1_000_000, keepBytes: 4 * 2 ** 30 };

describe("the event log in NATS JetStream", () => {
  eventsSuite(() => open("suite"));
});

describe("the event log when NATS fails", () => {
  test("what was acknowledged is there after the server was killed, and it goes on by itself", async () => {
    const storage = await open("killed");
    await keepsWhatItAcknowledged({ storage, interrupt: () => server.killAndRestart() });
    await storage.close();
  });

  test("who has lost the log without knowing writes nothing more, and follows the next one", async () => {
    // As one that was stopped: it does not answer whether it has the log.
    const former = await open("fenced", connectSilently);
    await storeEvents(former, append(0));
    const next = await open("fenced");
    await assert.rejects(storeEvents(former, append(1)), { code: "UNAVAILABLE" });
    await storeEvents(next, append(1, 1, '"of the next"'));
    const stored = await readEvents(next, read);
    assert.deepEqual(
      stored.map(({ body }) => body),
      ["{}", '"of the next"'],
    );
    await next.close();
    const isBack = () =>
      storeEvents(former, append(2)).then(
        () => true,
        () => false,
      );
    await until("the former one has it again", isBack, 30_000);
    await former.close();
  });
});

/** A connection of which nobody hears that it has the log. */
async function connectSilently(): Promise<NatsClient> {
  const { connection, ...client } = await connect();
  return { connection: overridden(connection, { subscribe: () => undefined }), ...client };
}

function overridden<Target extends object>(target: Target, instead: object): Target {
  return new Proxy(target, {
    get(_, name) {
      if (name in instead) return Reflect.get(instead, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("the event log's events in NATS JetStream", () => {
  test("it drops what is too old or too much, in whole blocks, and says where it begins", async () => {
    const storage = await open("kept");
    for (let seq = 0; seq < 1_000; seq += 100) await storeEvents(storage, append(seq, 100));
    const [event] = await readEvents(storage, read);
    const at = event?.at ?? 0;
    assert.equal(await storage.call("retain", { ...everything, now: at }), 0);
    const few = { ...everything, keepBytes: 15_000, now: at };
    assert.equal(await storage.call("retain", few), 800);
    const [oldest] = await readEvents(storage, read);
    assert.equal(oldest?.offset, 800);
    const topic = { name: "t.noted", first: 800, next: 1_000, bytes: 13_800 };
    assert.deepEqual((await storage.call("overview", undefined)).topics, [topic]);
    await storage.close();
    const again = await open("kept");
    assert.deepEqual((await again.call("overview", undefined)).topics, [topic]);
    assert.equal(await again.call("retain", { ...everything, now: at + 2_000_000 }), 200);
    await storeEvents(again, append(1_000));
    const [later] = await readEvents(again, read);
    assert.equal(later?.offset, 1_000);
    await again.close();
  });

  test("an event may be larger than what the server takes as one message", async () => {
    const storage = await open("large");
    // 1 MB, and more where the quotes are escaped once more.
    const body = JSON.stringify('€"'.repeat(200_000));
    for (const seq of [0, 1]) await storeEvents(storage, append(seq, 1, body));
    await storage.close();
    const again = await open("large");
    const [first] = await readEvents(again, read);
    const [second] = await readEvents(again, { ...read, from: 1 });
    assert.deepEqual(
      [first?.body === body, second?.body === body, second?.offset],
      [true, true, 1],
    );
    assert.equal((await storeEvents(again, append(1, 1, body))).duplicates, 1);
    await again.close();
  });

  test("any offset is found, whatever is between its topic's blocks", async () => {
    const storage = await open("found");
    for (let seq = 0; seq < 300; seq += 3) {
      await storeEvents(storage, append(seq, 3));
      const other = { topic: "other.noted *>", key: "", head: "{}", body: "{}" };
      await storeEvents(storage, { source: "other", epoch: 1, seq: seq / 3, events: [other] });
    }
    await storage.close();
    const again = await open("found");
    for (const from of [0, 1, 150, 299]) {
      const [event] = await readEvents(again, { ...read, from });
      assert.equal(event?.offset, from);
    }
    const others = await readEvents(again, { ...read, topic: "other.noted *>" });
    assert.equal(others.length, 100);
    await again.close();
  });

  for (const isSnapshot of [false, true]) {
    const from = isSnapshot ? "a snapshot" : "changes";
    test(`what groups left is there when the log is opened again, from ${from}`, async () => {
      const stream = isSnapshot ? "snapshot" : "changes";
      const storage = await open(stream);
      await storeEvents(storage, append(0, 3));
      const [event, waiting] = await readEvents(storage, read);
      assert.ok(event && waiting);
      const group = { name: "g", topic: "t.noted", start: "beginning" } as const;
      const { id } = await storage.call("openGroup", group);
      const history = [{ at: 1, code: "INTERNAL", message: "no" }];
      const parked = { offset: 1, lane: 7, due: 5, history, event: waiting };
      const bury = [{ lane: 3, event, history }];
      const change = { id, moved: [[7, 2]] as const, park: [parked], unpark: [], bury };
      await storage.call("saveGroup", change);
      await storage.call("saveGroup", change);
      // What is dropped is written down in a snapshot first.
      const now = event.at + 2_000_000;
      if (isSnapshot) assert.equal(await storage.call("retain", { ...everything, now }), 3);
      await storage.close();
      const again = await open(stream);
      const saved = await again.call("openGroup", group);
      assert.deepEqual([saved.id, saved.cursors[7], saved.cursors[8]], [id, 2, 0]);
      assert.deepEqual(saved.parked, [parked]);
      const letters = await again.call("deadLetters", { group: "g", after: 0, max: 10 });
      assert.deepEqual(
        letters.map((letter) => [letter.id, letter.event, letter.history]),
        [[1, event, history]],
      );
      const revived = await again.call("revive", { id: 1, body: '"mended"' });
      assert.equal(revived?.parked?.event.body, '"mended"');
      assert.equal(await again.call("revive", { id: 1 }), undefined);
      await again.close();
    });
  }

  test("a stream without room says so, is read all the while, and goes on when there is some", async () => {
    const config = { subjects: ["full.>"], max_bytes: 100_000, discard: DiscardPolicy.New };
    await administer(({ streams }) => streams.add({ name: "full", ...config }));
    const storage = await open("full");
    let seq = 0;
    const fill = async () => {
      for (; ; seq += 1)
        await storeEvents(storage, append(seq, 1, JSON.stringify("x".repeat(9_000))));
    };
    await assert.rejects(fill(), { code: "RESOURCE_EXHAUSTED" });
    assert.equal((await readEvents(storage, read)).length, seq);
    await administer(({ streams }) => streams.update("full", { ...config, max_bytes: 200_000 }));
    await storeEvents(storage, append(seq));
    await storage.close();
  });

  test("a stream that drops messages by itself is refused", async () => {
    await administer(({ streams }) =>
      streams.add({ name: "leaking", subjects: ["leaking.>"], max_msgs: 100 }),
    );
    await assert.rejects(open("leaking"), {
      code: "FAILED_PRECONDITION",
      message: /stream leaking has limits/,
    });
  });

  test("a stream with replicas is refused on a server that loses them", async () => {
    const replicated = async (): Promise<NatsClient> => {
      const { connection, jetstream, manager } = await connect();
      const old = { max_payload: 1024 * 1024, version: "2.9.17" };
      const { streams } = manager;
      const info = async (name: string) => {
        const found = await streams.info(name);
        return { ...found, config: { ...found.config, num_replicas: 3 } };
      };
      return {
        connection: overridden(connection, { info: old }),
        jetstream,
        manager: { streams: overridden(streams, { info }) },
      };
    };
    await administer(({ streams }) => streams.add({ name: "many", subjects: ["many.>"] }));
    await assert.rejects(open("many", replicated), {
      code: "FAILED_PRECONDITION",
      message: /3 replicas, and NATS 2\.9\.17 loses messages/,
    });
  });
});
