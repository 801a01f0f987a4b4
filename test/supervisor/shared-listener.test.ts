import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DureError } from "../../src/index.ts";
import { SharedListener, Supervisor } from "../../src/supervisor/index.ts";
import { until } from "../support/until.ts";

const host = "127.0.0.1";
const fixture = fileURLToPath(new URL("./fixture/child.ts", import.meta.url));

/** Processes that answer each connection with their id and close it. */
function startTakers(context: TestContext, names: readonly string[]) {
  const supervisor = new Supervisor({
    policy: { firstDelayMs: 1 },
    listener: {
      onLine() {},
      onPhase() {},
      onTold() {},
      onAsked() {},
    },
  });
  const takers = () => supervisor.processes.filter(({ phase }) => phase === "ready");
  const shared = new SharedListener({ host, port: 0 });
  for (const name of names) {
    supervisor.add({
      ...{ name, file: process.execPath, environment: {}, stopRank: 0, reload: "overlap" },
      args: [...process.execArgv.filter((arg) => arg !== "--test"), fixture],
      spec: () => ({ behaviour: "serves" }),
      listener: () => shared.handle,
    });
  }
  context.after(async () => {
    shared.close();
    await supervisor.stop();
  });
  return { supervisor, shared, takers };
}

async function ask(port: number): Promise<number> {
  const socket = connect({ host, port });
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  await once(socket, "close");
  return Number(answer);
}

async function listenElsewhere(context: TestContext, port: number): Promise<number> {
  const other = createServer().listen(port, host);
  context.after(() => other.close());
  await once(other, "listening");
  return (other.address() as AddressInfo).port;
}

test("processes share a port, and what comes while none of them lives is answered by the next", async (context) => {
  const { supervisor, shared, takers } = startTakers(context, ["a-1", "a-2"]);
  const port = await shared.listen();
  supervisor.start();
  await until("both are ready", () => takers().length === 2);
  const pids = new Set(takers().map(({ pid }) => pid));
  const answering = new Set<number>();
  await until("both have answered", async () => {
    answering.add(await ask(port));
    return answering.size === 2;
  });
  assert.deepEqual(answering, pids);
  for (const taker of takers()) taker.kill();
  const next = await ask(port);
  assert.ok(!pids.has(next) && takers().some(({ pid }) => pid === next));
});

test("a port that somebody listens on already is refused by name", async (context) => {
  const port = await listenElsewhere(context, 0);
  const shared = new SharedListener({ host, port });
  await assert.rejects(shared.listen(), (error: DureError) => {
    assert.ok(error instanceof DureError);
    assert.equal(error.code, "ALREADY_EXISTS");
    assert.match(error.message, new RegExp(`cannot listen on ${host}:${port}`));
    return true;
  });
});

test("a port that somebody takes before the first process listens is told by that process", async (context) => {
  const { supervisor, shared } = startTakers(context, ["a-1"]);
  await listenElsewhere(context, await shared.listen());
  supervisor.start();
  await until("it said why", () => /EADDRINUSE/.test(supervisor.list()[0]?.lastExit ?? ""));
});
