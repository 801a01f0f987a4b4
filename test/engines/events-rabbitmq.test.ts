import assert from "node:assert/strict";
import { globSync, statSync, truncateSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import amqp from "amqplib";
import { openRabbitmqStorage } from "../../src/events/rabbitmq/index.ts";
import { keepsWhatItAcknowledged } from "../events/support/engine-faults.ts";
import { eventsSuite } from "../events/support/events-suite.ts";
import { type OwnServer, startServer } from "./support/own-server.ts";

/** Its beam process is the one that is started: so it can be killed. */
const startRabbitmq = () =>
  startServer(({ port, secondPort, folder }) => [
    "env",
    ...[`HOME=${folder}`, `RABBITMQ_NODENAME=dure${process.pid}@localhost`],
    ...["RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", `RABBITMQ_NODE_PORT=${port}`],
    ...[`RABBITMQ_DIST_PORT=${secondPort}`, "RUNNING_UNDER_SYSTEMD=1"],
    ...[`RABBITMQ_MNESIA_BASE=${folder}/data`, `RABBITMQ_LOG_BASE=${folder}/log`],
    ...[`RABBITMQ_ENABLED_PLUGINS_FILE=${folder}/plugins`, `RABBITMQ_CONFIG_FILE=${folder}/none`],
    `RABBITMQ_CONF_ENV_FILE=${folder}/none`,
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
  ]);
let server: OwnServer;
before(async () => {
  server = await startRabbitmq();
});
after(() => server.close());

const connect = () => amqp.connect(`amqp://guest:guest@127.0.0.1:${server.port}`);
const open = (name: string) => openRabbitmqStorage({ connect, name });
const append = (seq: number, count = 1, body = "{}") => {
  const event = { topic: "t.noted", key: "k", head: "{}", body };
  return { source: "s", epoch: 1, seq, events: Array.from({ length: count }, () => event) };
};
const bounds = { eventsMax: 10_000, bytesMax: 1024 * 1024 };
const read = { topic: "t.noted", from: 0, bounds };

describe("the event log in RabbitMQ", () => {
  eventsSuite(() => open("suite"));
});

describe("the event log when RabbitMQ fails", () => {
  test("what was acknowledged is there after the server was killed and its streams lost their ends, and it goes on by itself", async () => {
    const storage = await open("killed");
    const loseEnds = () => {
      const segments = globSync(`${server.folder}/data/*/stream/*killed*/*.segment`);
      assert.ok(segments.length > 0);
      for (const path of segments) truncateSync(path, Math.floor(statSync(path).size / 2));
    };
    try {
      await keepsWhatItAcknowledged({ storage, interrupt: () => server.killAndRestart(loseEnds) });
    } finally {
      await storage.close();
    }
  });

  test("who has lost the log without knowing has nothing acknowledged, and nobody reads what it still writes", async () => {
    const former = await open("fenced");
    await former.call("append", append(0));
    await former.close();
    const next = await open("fenced");
    // What was under way when the former process lost its connection.
    const connection = await connect();
    const channel = await connection.createConfirmChannel();
    for (const n of [5, 6, 7]) {
      const changes = [{ name: "addGroup", input: [`late-${n}`, "t.noted", 0] }];
      const content = Buffer.from(JSON.stringify({ n, epoch: 1, changes }));
      channel.sendToQueue("fenced.journal", content, { messageId: `1:${n}`, persistent: true });
    }
    await channel.waitForConfirms();
    await connection.close();
    await next.call("append", append(1));
    await next.close();
    const again = await open("fenced");
    const { topics, groups } = await again.call("overview", undefined);
    assert.deepEqual([topics[0]?.next, groups], [2, []]);
    await again.close();
  });

  test("what cannot be done is refused by itself, beside what can", async () => {
    const storage = await open("refusing");
    const outcomes = await Promise.allSettled([
      storage.call("append", append(0)),
      storage.call("append", append(7)),
      storage.call("append", append(1)),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    await storage.close();
  });
});

describe("the event log's events in RabbitMQ", () => {
  test("events of many segments are read from any offset, also by who comes later, and go with the oldest segments", async () => {
    const storage = await open("segments");
    const body = JSON.stringify("x".repeat(100_000));
    const count = 1_500;
    for (let seq = 0; seq < count; seq += 10) await storage.call("append", append(seq, 10, body));
    const offsetsFrom = async (from: number, log = storage) => {
      const events = await log.call("read", { ...read, from });
      return [events[0]?.offset, events.length, events.at(-1)?.offset];
    };
    for (const from of [0, 700, 1_234])
      assert.deepEqual(await offsetsFrom(from), [from, 10, from + 9]);
    await storage.call("openGroup", { name: "slow", topic: "t.noted", start: "beginning" });
    await storage.close();

    const again = await open("segments");
    for (const from of [0, 700, 1_234])
      assert.deepEqual(await offsetsFrom(from, again), [from, 10, from + 9]);
    const keepMs = 3_600_000;
    const keepBytes = 120 * 1024 * 1024;
    const dropped = await again.call("retain", { keepMs, keepBytes, now: Date.now() });
    assert.equal(dropped, 1);
    const [topic] = (await again.call("overview", undefined)).topics;
    const first = topic?.first ?? 0;
    assert.ok(first > 500 && first < 800, `from ${first} on`);
    assert.equal(topic?.bytes, (count - first) * (body.length + 67));
    assert.deepEqual(await offsetsFrom(0, again), [first, 10, first + 9]);
    const later = await again.call("openGroup", {
      name: "b",
      topic: "t.noted",
      start: "beginning",
    });
    assert.equal(later.cursors[0], first);
    await again.close();
  });
});
