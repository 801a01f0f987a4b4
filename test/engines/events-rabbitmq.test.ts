import assert from "node:assert/strict";
import { globSync, statSync, truncateSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import amqp from "amqplib";
import { openRabbitmqStorage } from "../../src/events/rabbitmq/index.ts";
import type { GroupChange } from "../../src/events/storage/groups-file.ts";
import { keepsWhatItAcknowledged } from "../events/support/engine-faults.ts";
import { eventsSuite } from "../events/support/events-suite.ts";
import { readEvents, storeEvents } from "../events/support/stored-events.ts";
import { shiftedTime } from "../support/shifted-time.ts";
import { until } from "../support/until.ts";
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

  test("what a former process still writes counts for nobody", async () => {
    const former = await open("fenced");
    await storeEvents(former, append(0));
    await former.close();
    const next = await open("fenced");
    const connection = await connect();
    const channel = await connection.createConfirmChannel();
    const writeLate = (n: number) => {
      const changes = [{ name: "addGroup", input: [`late-${n}`, "t.noted", 0] }];
      const content = Buffer.from(JSON.stringify({ n, epoch: 1, changes }));
      channel.sendToQueue("fenced.journal", content, { messageId: `1:${n}`, persistent: true });
      return channel.waitForConfirms();
    };
    // Two records begin the log, one was appended, one is the successor's first.
    await writeLate(4);
    await storeEvents(next, append(1));
    await writeLate(5);
    await next.close();
    const again = await open("fenced");
    const { topics, groups } = await again.call("overview", undefined);
    assert.deepEqual([topics[0]?.next, groups], [2, []]);
    await again.close();
    await connection.close();
  });

  test("who follows has what was acknowledged while it waited, also without the lock", async () => {
    let connection: amqp.ChannelModel | undefined;
    const connectKept = async () => {
      connection = await connect();
      return connection;
    };
    const former = await openRabbitmqStorage({ connect: connectKept, name: "handed" });
    const channel = await (connection as amqp.ChannelModel).createChannel();
    await channel.deleteQueue("handed.lock");
    let isWaiting = false;
    const opening = openRabbitmqStorage({
      name: "handed",
      async connect() {
        const client = await connect();
        const createChannel = client.createChannel.bind(client);
        client.createChannel = async () => {
          const made = await createChannel();
          const consume = made.consume.bind(made);
          made.consume = async (...parameters) => {
            const consumer = await consume(...parameters);
            isWaiting = true;
            return consumer;
          };
          return made;
        };
        return client;
      },
    });
    await until("another one waits", () => isWaiting, 10_000);
    await storeEvents(former, append(0, 3));
    await former.close();
    const next = await opening;
    assert.equal((await readEvents(next, read)).length, 3);
    await next.close();
  });

  test("what cannot be done is refused by itself, beside what can", async () => {
    const storage = await open("refusing");
    const outcomes = await Promise.allSettled([
      storeEvents(storage, append(0)),
      storeEvents(storage, append(7)),
      storeEvents(storage, append(1)),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    await storage.close();
  });
});

describe("the event log's events in RabbitMQ", () => {
  test("a message that somebody else has published is refused with its queue's name", async () => {
    const storage = await open("foreign");
    await storage.close();
    const connection = await connect();
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue("foreign.journal", Buffer.from("hello"));
    await channel.waitForConfirms();
    await connection.close();
    const refused = { code: "DATA_LOSS", message: /foreign\.journal has a message/ };
    await assert.rejects(open("foreign"), refused);
  });

  test("events of many segments are read from any offset, also by who comes later, and go with the oldest segments", async () => {
    const storage = await open("segments");
    const body = JSON.stringify("x".repeat(100_000));
    const count = 1_500;
    for (let seq = 0; seq < count; seq += 10) await storeEvents(storage, append(seq, 10, body));
    const offsetsFrom = async (from: number, log = storage) => {
      const events = await readEvents(log, { ...read, from });
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

  test("the journal lets go what has been in the archive for long, and nothing is missing", async (context) => {
    const time = shiftedTime();
    context.after(() => time.restore());
    const storage = await open("spent");
    const group = { name: "g", topic: "t.noted", start: "beginning" } as const;
    const { id } = await storage.call("openGroup", group);
    for (let seq = 0; seq < 20; seq += 1) await storeEvents(storage, append(seq));
    const change: GroupChange = { id, moved: [[7, 20]], park: [], unpark: [], bury: [] };
    await storage.call("saveGroup", change);
    time.pass(60_000);
    await storeEvents(storage, append(20));
    await storage.close();
    const connection = await connect();
    const channel = await connection.createChannel();
    const { messageCount } = await channel.checkQueue("spent.journal");
    assert.ok(messageCount < 5, `${messageCount} messages`);
    await connection.close();
    const again = await open("spent");
    assert.equal((await readEvents(again, read)).length, 21);
    assert.equal((await again.call("openGroup", group)).cursors[7], 20);
    const { next, duplicates } = await storeEvents(again, append(20));
    await again.close();
    assert.deepEqual([next, duplicates], [{ "t.noted": 21 }, 1]);
  });
});
