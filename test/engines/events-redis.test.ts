import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createClient } from "@redis/client";
import { eventsIn, packBatch } from "../../src/events/core/packed-events.ts";
import { unpackAnswer } from "../../src/events/core/poll-answer.ts";
import { eventLog, eventLogService, type Storage } from "../../src/events/index.ts";
import { openRedisStorage } from "../../src/events/redis/index.ts";
import { keys } from "../../src/events/redis/redis-keys.ts";
import { createNode } from "../../src/mesh/index.ts";
import { keepsWhatItAcknowledged } from "../events/support/engine-faults.ts";
import { eventsSuite } from "../events/support/events-suite.ts";
import { readEvents, storeEvents } from "../events/support/stored-events.ts";
import { until } from "../support/until.ts";
import { type OwnServer, startServer } from "./support/own-server.ts";

const redis = ({ port, folder }: { port: number; folder: string }): [string, ...string[]] => [
  "redis-server",
  ...["--port", String(port), "--dir", folder, "--save", ""],
  ...["--appendonly", "yes", "--appendfsync", "always"],
];
let server: OwnServer;
before(async () => {
  server = await startServer(redis);
});
const opened: Storage[] = [];
after(async () => {
  for (const storage of opened) await storage.close();
  await server.close();
});

const connect = (database: number, { port } = server) =>
  createClient({
    url: `redis://127.0.0.1:${port}/${database}`,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false },
  })
    .on("error", () => {})
    .connect();
const open = async (database: number) => {
  const storage = await openRedisStorage({ connect: () => connect(database) });
  opened.push(storage);
  return storage;
};
const administer = async (database: number, ...command: string[]) => {
  const client = await connect(database);
  try {
    return await client.sendCommand<any>(command);
  } finally {
    client.destroy();
  }
};
const succeeds = (call: PromiseLike<unknown>) =>
  Promise.resolve(call).then(
    () => true,
    () => false,
  );
const append = (seq: number, count = 1, body = "{}") => {
  const event = { topic: "t.noted", key: "k", head: "{}", body };
  return { source: "s", epoch: 1, seq, events: Array.from({ length: count }, () => event) };
};
/** As it is written to a server, and by it (RESP). */
const asCommand = (words: string[]) =>
  [`*${words.length}`, ...words.flatMap((word) => [`$${word.length}`, word]), ""].join("\r\n");
const bounds = { eventsMax: 10_000, bytesMax: 1024 * 1024 };
const read = { topic: "t.noted", from: 0, bounds };

describe("the event log in Redis", () => {
  eventsSuite(() => open(0));
});

describe("the event log when Redis fails", () => {
  test("what was acknowledged is there after the server was killed, and it goes on by itself", async () => {
    const storage = await open(1);
    await keepsWhatItAcknowledged({ storage, interrupt: () => server.killAndRestart() });
    await storage.close();
  });

  test("what was acknowledged is there after the connection was cut, and it goes on by itself", async () => {
    const storage = await open(2);
    const interrupt = async () => void (await administer(2, "CLIENT", "KILL", "TYPE", "normal"));
    await keepsWhatItAcknowledged({ storage, interrupt });
    await storage.close();
  });

  test("what a crash has torn apart does not come back with the next one", async () => {
    const storage = await open(5);
    await storeEvents(storage, append(0, 1, '"kept"'));
    const folder = join(server.folder, "appendonlydir");
    const newest = () => readdirSync(folder).findLast((name) => name.endsWith(".incr.aof"));
    const torn = join(folder, newest() ?? "");
    const fields = ["at", "1", "place", "0", "key", "k", "id", "x", "head", "{}", "body", '"torn"'];
    await server.killAndRestart(() => {
      const begun = [
        ["SELECT", "5"],
        ["MULTI"],
        ["XADD", keys.events("t.noted"), "2-0", ...fields],
      ];
      appendFileSync(torn, `${begun.map(asCommand).join("")}*4\r\n$4\r\nHSET`);
    });
    const isBack = () => succeeds(storeEvents(storage, append(1, 1, '"after it"')));
    await until("it goes on", isBack, 30_000);
    await until("the file is written anew", () => !existsSync(torn), 30_000);
    await server.killAndRestart();
    const bodies = async () =>
      (await readEvents(storage, read).catch(() => undefined))?.map(({ body }) => body);
    assert.deepEqual(await until("it is back", bodies, 30_000), ['"kept"', '"after it"']);
    await storage.close();
  });

  test("who has lost the log without knowing writes nothing more, and follows the next one", async () => {
    const former = await open(3);
    await storeEvents(former, append(0));
    // As when it was not heard of for the time of its lease.
    await administer(3, "DEL", "{dure}:lock");
    const next = await open(3);
    await assert.rejects(storeEvents(former, append(1)), { code: "UNAVAILABLE" });
    await storeEvents(next, append(1, 1, '"of the next"'));
    const stored = await readEvents(next, read);
    assert.deepEqual(
      stored.map(({ body }) => body),
      ["{}", '"of the next"'],
    );
    await next.close();
    const isBack = () => succeeds(storeEvents(former, append(2)));
    await until("the former one has it again", isBack, 30_000);
    await former.close();
  });
});

describe("the event log on a server that hangs", () => {
  test("it can be closed", async () => {
    const hanging = await startServer(redis);
    try {
      const storage = await openRedisStorage({ connect: () => connect(0, hanging) });
      hanging.freeze();
      await storage.close();
    } finally {
      await hanging.close();
    }
  });
});

describe("the event log that another process had meanwhile", () => {
  test("readers get what that one stored", async () => {
    const services = [eventLogService({ storage: () => open(8) })];
    const node = await createNode({ name: "log", mesh: "test", distributors: [], services });
    try {
      const log = node.client(eventLog);
      await log.append(packBatch(append(0)));
      await administer(8, "DEL", "{dure}:lock");
      const other = await open(8);
      await storeEvents(other, { ...append(0), source: "of the other" });
      // What the log does first when it is back has nothing to do with the topic.
      const later = { topic: "t.other", key: "k", head: "{}", body: "{}" };
      const elsewhere = packBatch({ ...append(1), events: [later] });
      await assert.rejects(log.append(elsewhere), { code: "UNAVAILABLE" });
      await other.close();
      await until("the log is back", () => succeeds(log.append(elsewhere)), 30_000);
      const input = { topic: "t.noted", from: 1, max: 10, waitMs: 1_000 };
      const { blocks } = unpackAnswer(await log.poll(input));
      assert.deepEqual(
        eventsIn("t.noted", blocks).map(({ id }) => id),
        ["of the other:1:0"],
      );
    } finally {
      await node.close();
    }
  });
});

describe("the event log on a server that loses what it acknowledged", () => {
  test("what comes later has offsets of its own, so nobody passes it over", async () => {
    const forgetful = await startServer(({ port, folder }) => [
      "redis-server",
      ...["--port", String(port), "--dir", folder, "--save", "", "--appendonly", "no"],
    ]);
    try {
      const storage = await openRedisStorage({ connect: () => connect(0, forgetful) });
      await storeEvents(storage, append(0, 10));
      await forgetful.killAndRestart();
      const again = { ...append(0), epoch: 2 };
      await until("it is back", () => succeeds(storeEvents(storage, again)), 30_000);
      const stored = await readEvents(storage, read);
      assert.deepEqual(
        stored.map(({ offset, id }) => [offset, id]),
        [[10, "s:2:0"]],
      );
      await storage.close();
    } finally {
      await forgetful.close();
    }
  });
});

describe("the event log's events in Redis", () => {
  test("it drops what is too old or too much, and says where it begins", async () => {
    const storage = await open(4);
    await storeEvents(storage, append(0, 1_000));
    const [event] = await readEvents(storage, read);
    const at = event?.at ?? 0;
    const all = 4 * 2 ** 30;
    assert.equal(await storage.call("retain", { keepMs: 1_000, keepBytes: all, now: at }), 0);
    assert.equal(await storage.call("retain", { keepMs: 1_000, keepBytes: 690, now: at }), 990);
    const [oldest] = await readEvents(storage, read);
    assert.equal(oldest?.offset, 990);
    const [topic] = (await storage.call("overview", undefined)).topics;
    assert.deepEqual(topic, { name: "t.noted", first: 990, next: 1_000, bytes: 690 });
    const now = at + 100_000;
    assert.equal(await storage.call("retain", { keepMs: 1_000, keepBytes: all, now }), 10);
    await storage.close();
    const again = await open(4);
    await storeEvents(again, append(1_000));
    const [later] = await readEvents(again, read);
    assert.equal(later?.offset, 1_000);
    await again.close();
  });

  test("an answer holds what fits into it", async () => {
    const storage = await open(5);
    await storeEvents(storage, append(0, 200, JSON.stringify("x".repeat(1_000))));
    const few = await readEvents(storage, {
      ...read,
      bounds: { eventsMax: 10_000, bytesMax: 90_000 },
    });
    assert.ok(few.length > 50 && few.length < 90, `${few.length} events`);
    const some = await readEvents(storage, {
      ...read,
      from: 70,
      bounds: { ...bounds, eventsMax: 100 },
    });
    assert.deepEqual([some.length, some[0]?.offset, some.at(-1)?.offset], [100, 70, 169]);
    await storage.close();
  });

  test("it tells what the server's settings make of a crash, and refuses one that drops events", async () => {
    const durabilityWith = async (...setting: string[]) => {
      await administer(6, "CONFIG", "SET", ...setting);
      const storage = await open(6);
      await storage.close();
      return storage.durability;
    };
    try {
      assert.match(await durabilityWith("appendfsync", "everysec"), /within about a second/);
      assert.match(await durabilityWith("appendfsync", "always"), /appendfsync always/);
      assert.match(await durabilityWith("appendonly", "no"), /in the Redis server's memory/);
      const evicting = durabilityWith("maxmemory-policy", "allkeys-lru");
      await assert.rejects(evicting, { code: "FAILED_PRECONDITION", message: /allkeys-lru/ });
    } finally {
      await administer(6, "CONFIG", "SET", "maxmemory-policy", "noeviction", "appendonly", "yes");
    }
  });

  test("a server without room says so, and goes on when there is some", async () => {
    const storage = await open(7);
    await storeEvents(storage, append(0));
    await administer(7, "CONFIG", "SET", "maxmemory", "1");
    try {
      await assert.rejects(storeEvents(storage, append(1)), { code: "RESOURCE_EXHAUSTED" });
      assert.equal((await readEvents(storage, read)).length, 1);
    } finally {
      await administer(7, "CONFIG", "SET", "maxmemory", "0");
    }
    await storeEvents(storage, append(1));
    await storage.close();
  });
});
