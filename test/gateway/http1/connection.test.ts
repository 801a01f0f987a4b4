import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { until, untilStill } from "../../support/until.ts";
import { echo, RawClient, startEngine, statuses } from "./support/engine.ts";

const get = (path: string, ...lines: string[]) =>
  [`GET ${path} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");

test("pipelined requests are worked at one after another and answered in order", async (t) => {
  let atWork = 0;
  let atWorkMax = 0;
  const engine = await startEngine(t, async (exchange) => {
    atWork += 1;
    atWorkMax = Math.max(atWorkMax, atWork);
    const body = Buffer.from(await exchange.body()).toString();
    await pause(Math.random() * 5);
    atWork -= 1;
    exchange.answer(200, [], `${exchange.rawTarget}=${body};`);
  });
  const paths = Array.from({ length: 40 }, (_, index) => `/${index}`);
  const wire = paths.map((path, index) =>
    index % 2 === 0 ? get(path) : `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab`,
  );
  const client = new RawClient(engine).send(wire.join(""));
  const answers = await client.until(/\/39=ab;$/);
  const expected = paths.map((path, index) => `${path}=${index % 2 === 0 ? "" : "ab"};`);
  assert.deepEqual(answers.match(/\/\d+=\w*;/g), expected);
  assert.equal(atWorkMax, 1);
  client.socket.destroy();
});

test("what fails in the gateway is written to its log, and the client is told that it is there", async (t) => {
  const told: Record<string, unknown>[] = [];
  const logger = { ...silentLogger, error: (_: string, facts = {}) => void told.push(facts) };
  const fail = async () => {
    throw new Error("no such luck");
  };
  const engine = await startEngine(t, fail, { logger });
  const answer = await new RawClient(engine).send(get("/a?secret=1")).until(/says why/);
  assert.match(answer, /^HTTP\/1.1 500 /);
  const [{ method, path, reason, stack, requestId } = {}, ...others] = told;
  assert.deepEqual([method, path, reason], ["GET", "/a", "no such luck"]);
  assert.match(String(stack), /connection\.test/);
  assert.ok(answer.includes(String(requestId)));
  assert.deepEqual(others, []);
});

test("a client that pipelines without reading is held back, not buffered for", async (t) => {
  let answered = 0;
  const engine = await startEngine(t, async (exchange) => {
    answered += 1;
    exchange.answer(200, [], Buffer.alloc(100_000));
  });
  const client = new RawClient(engine);
  client.socket.pause();
  client.send(get("/").repeat(2_000));
  await untilStill("it is held back", () => answered);
  assert.ok(answered < 200, String(answered));
  client.socket.resume();
  await until("all are answered", () => answered === 2_000);
  client.socket.destroy();
});

test("ten thousand pipelined requests that are answered at once need no deep stack", async (t) => {
  const engine = await startEngine(t, async (exchange) => exchange.answer(200, [], ";"), {
    requestsPerConnectionMax: 20_000,
  });
  const client = new RawClient(engine).send(get("/").repeat(9_999));
  client.send(get("/", "Connection: close"));
  assert.equal(statuses(await client.untilClosed()).length, 10_000);
});

test("connections stay for HTTP/1.1, and for HTTP/1.0 if asked", async (t) => {
  const engine = await startEngine(t, echo);
  const http10 = (fields: string) => `GET / HTTP/1.0\r\n${fields}\r\n`;
  for (const [bytes, isKept, field] of [
    [get("/"), true, undefined],
    [get("/", "Connection: keep-alive"), true, undefined],
    [get("/", "Connection: close"), false, "close"],
    [get("/", "Connection: x, CLOSE"), false, "close"],
    [get("/", "Connection: x", "Connection: close"), false, "close"],
    [http10(""), false, "close"],
    [http10("Connection: Keep-Alive\r\n"), true, "keep-alive"],
    [http10("Connection: keep-alive, close\r\n"), false, "close"],
  ] as const) {
    const client = new RawClient(engine).send(bytes + bytes);
    const answer = isKept ? await client.until(/;[^;]*;$/) : await client.untilClosed();
    assert.deepEqual(statuses(answer), isKept ? [200, 200] : [200], bytes);
    assert.equal(/connection: ([\w-]+)/.exec(answer)?.[1], field, bytes);
    client.socket.destroy();
  }
});

test("a connection ends after its last allowed request, and says so", async (t) => {
  const engine = await startEngine(t, echo, { requestsPerConnectionMax: 3 });
  const answer = await new RawClient(engine).send(get("/").repeat(5)).untilClosed();
  assert.deepEqual(statuses(answer), [200, 200, 200]);
  assert.equal(answer.match(/connection: close/g)?.length, 1);
});

test("connections above the limit are closed at once; room comes back", async (t) => {
  const engine = await startEngine(t, echo, { connectionsMax: 2 });
  const clients = [new RawClient(engine), new RawClient(engine)];
  for (const client of clients) await client.send(get("/")).until(/;$/);
  assert.equal(await new RawClient(engine).send(get("/")).untilClosed(), "");
  clients[0]?.socket.destroy();
  await until("there is room", async () => {
    const client = new RawClient(engine).send(get("/", "Connection: close"));
    return (await client.untilClosed()) !== "";
  });
  clients[1]?.socket.destroy();
});

test("a client that leaves is told of to those who work for it, once", async (t) => {
  for (const leave of ["destroy", "end", "resetAndDestroy"] as const) {
    let aborted = 0;
    let isAtWork = false;
    const engine = await startEngine(t, (exchange) => {
      isAtWork = true;
      return new Promise<void>((resolve) => {
        exchange.onAbort(() => {
          aborted += 1;
          resolve();
        });
      });
    });
    const client = new RawClient(engine).send(get("/"));
    await until("the request is at work", () => isAtWork);
    client.socket[leave]();
    await until(leave, () => aborted === 1);
    await client.untilClosed();
    assert.equal(aborted, 1);
  }
});

test("a client that only ended its side gets the answer that comes all the same", async (t) => {
  const engine = await startEngine(t, async (exchange) => {
    await pause(50);
    exchange.answer(200, [], `${exchange.rawTarget};`);
  });
  const client = new RawClient(engine, { allowHalfOpen: true });
  client.socket.end(get("/1"));
  const answer = await client.untilClosed();
  assert.match(answer, /connection: close[\s\S]*\/1;$/);
  const half = new RawClient(engine, { allowHalfOpen: true });
  half.socket.end("GET / HT");
  assert.equal(await half.untilClosed(), "");
});

test("an exchange that fails, or gives no answer, is 500", async (t) => {
  const engine = await startEngine(t, async (exchange) => {
    if (exchange.rawTarget === "/throws") throw new Error("secret");
    if (exchange.rawTarget === "/header") exchange.answer(200, [["x", "a\r\nset-cookie: b"]], "");
    if (exchange.rawTarget === "/wide") exchange.answer(200, [["x", "\u010d\u010a"]], "");
    if (exchange.rawTarget === "/name") exchange.answer(200, [["x\r\ny", "a"]], "");
    if (exchange.rawTarget === "/status") exchange.answer(101, [], "");
  });
  for (const path of ["/throws", "/header", "/wide", "/name", "/status", "/nothing"]) {
    const answer = await new RawClient(engine).send(get(path)).untilClosed();
    assert.deepEqual(statuses(answer), [500], path);
    assert.doesNotMatch(answer, /secret|set-cookie/, path);
  }
});

test("an answer is framed by the engine alone", async (t) => {
  const engine = await startEngine(t, async (exchange) => {
    const status = Number(exchange.rawTarget.slice(1));
    const headers = [
      ["Content-Length", "98765"],
      ["transfer-encoding", "chunked"],
      ["Connection", "upgrade"],
      ["Date", "today"],
      ["X", "1"],
    ] as const;
    exchange.answer(status, headers, "body;");
  });
  const ask = async (method: string, status: number) => {
    const bytes = `${method} /${status} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    const answer = await new RawClient(engine).send(bytes).untilClosed();
    const [head = "", body] = answer.split("\r\n\r\n");
    assert.doesNotMatch(head.replace(/^x-request-id:.*$/im, ""), /98765|chunked|upgrade/);
    assert.equal(head.match(/^date: /gim)?.length, 1);
    return [/content-length: (\d+)/.exec(head)?.[1], body];
  };
  assert.deepEqual(await ask("GET", 200), ["5", "body;"]);
  assert.deepEqual(await ask("HEAD", 200), ["5", ""]);
  assert.deepEqual(await ask("GET", 204), [undefined, ""]);
  assert.deepEqual(await ask("GET", 304), [undefined, ""]);
  assert.deepEqual(await ask("GET", 205), ["0", ""]);
});

test("on close, idle connections end at once, busy ones after their answer, the rest at the deadline", async (t) => {
  let finish: (() => void)[] = [];
  const engine = await startEngine(t, async (exchange) => {
    if (exchange.rawTarget === "/idle") return exchange.answer(200, [], "idle;");
    await new Promise<void>((resolve) => finish.push(resolve));
    exchange.answer(200, [], `${exchange.rawTarget};`);
  });
  const idle = new RawClient(engine).send(get("/idle"));
  const fresh = new RawClient(engine);
  await idle.until(/;$/);
  const busy = new RawClient(engine).send(get("/busy") + get("/behind"));
  const stuck = new RawClient(engine).send(get("/stuck"));
  const begun = new RawClient(engine).send("GET /idle HTTP/1.1\r\n");
  await until("both are at work", () => finish.length === 2);
  await pause(20);
  const closed = engine.close(300);
  await idle.untilClosed();
  await fresh.untilClosed();
  assert.ok(!busy.isClosed);
  const [finishBusy] = finish;
  finish = [];
  finishBusy?.();
  const answer = await busy.untilClosed();
  assert.match(answer, /connection: close[\s\S]*\/busy;$/);
  assert.match(await begun.send("Host: a\r\n\r\n").untilClosed(), /connection: close[\s\S]*idle;$/);
  assert.equal(stuck.isClosed, false);
  await closed;
  assert.equal(await stuck.untilClosed(), "");
  await new Promise<void>((resolve) => new RawClient(engine).socket.on("error", () => resolve()));
});

test("where idle connections are kept for a while, those in use close one after the other, and no request is lost", async (t) => {
  const engine = await startEngine(t, echo);
  const clients = Array.from({ length: 40 }, () => new RawClient(engine));
  const isOpen = ({ received }: RawClient) => !/connection: close/.test(received);
  const askAll = () =>
    Promise.all(
      clients.filter(isOpen).map(async (client) => {
        client.received = "";
        assert.deepEqual(statuses(await client.send(get("/")).until(/GET \/ ;/)), [200]);
      }),
    );
  await askAll();
  const closed = engine.close(30_000, 8_000);
  await askAll();
  assert.ok(clients.some(isOpen));
  while (clients.some(isOpen)) await askAll();
  await Promise.all(clients.map((client) => client.untilClosed()));
  await closed;
});

test("node's own client keeps one connection for many requests", async (t) => {
  const engine = await startEngine(t, echo);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number>();
  for (let index = 0; index < 50; index += 1) {
    const body = await new Promise<string>((resolve, reject) => {
      const call = request(
        { port: engine.port, host: "127.0.0.1", path: `/${index}`, method: "POST", agent },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (piece: string) => {
            text += piece;
          });
          response.on("end", () => resolve(text));
        },
      );
      call.on("error", reject);
      call.on("socket", (socket) => {
        if (socket.localPort) ports.add(socket.localPort);
      });
      call.write("a");
      call.end("b");
    });
    assert.equal(body, `POST /${index} ab;`);
  }
  assert.equal(ports.size, 1);
  agent.destroy();
});
