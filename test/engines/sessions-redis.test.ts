import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { dure, ps, root, start, stopCleanly } from "../cli/support.ts";
import { until } from "../support/until.ts";
import { startServer } from "./support/own-server.ts";
import { redisServer } from "./support/redis-server.ts";

interface Seen {
  readonly status: number;
  readonly user?: string;
  readonly items?: string;
  readonly process?: string;
}

test("examples/sessions: a session that one process made is the others', and outlives all of them", async (context) => {
  const redis = await startServer(redisServer);
  let isThere = true;
  context.after(() => isThere && redis.close());
  const environment = { REDIS_URL: `redis://127.0.0.1:${redis.port}` };
  const app = join(root, "examples/sessions/app.ts");
  const fleet = start(context, ["cluster", "-i", "2", "--name", "sessions", app], { environment });
  const ready = () => /^ready: sessions on port (\d+)/m.exec(fleet.stdout())?.[1];
  const url = `http://127.0.0.1:${await until("it is ready", ready, 60_000)}`;
  /** Each over a connection of its own, as they come from many clients. */
  const ask = async (method: string, path: string, cookie = ""): Promise<Seen> => {
    const headers = { connection: "close", cookie };
    const response = await fetch(url + path, { method, headers });
    return { ...((await response.json()) as Seen), status: response.status };
  };

  const signedIn = await fetch(`${url}/sign-in`, { method: "POST" });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const { process: maker } = (await signedIn.json()) as Seen;
  const addOne = () => ask("POST", "/cart", cookie);
  let items = 0;

  await context.test("it is read on the other one, and both change it at once", async () => {
    const other = await until("the other answers", async () => {
      const seen = await ask("GET", "/me", cookie);
      return seen.process === maker ? undefined : seen;
    });
    assert.equal(other.user, "kim");
    // Of connections that come at one moment, the process that is awake first may accept all.
    const added = await until("both have added", async () => {
      const all = await Promise.all(Array.from({ length: 40 }, addOne));
      items += all.length;
      return new Set(all.map(({ process }) => process)).size === 2 ? all : undefined;
    });
    assert.ok(added.every(({ status }) => status === 200));
    assert.equal((await ask("GET", "/me", cookie)).items, String(items));
  });

  await context.test("a reload, and the death of both, sign nobody out", async () => {
    const data = { environment: { DURE_DATA: fleet.dataFolder } };
    const reload = await dure(context, ["reload"], data);
    assert.equal(reload.code, 0, reload.stderr);
    assert.equal((await ask("GET", "/me", cookie)).items, String(items));
    for (const { pid } of await ps(context, fleet)) process.kill(pid as number, "SIGKILL");
    const isBack = () => ask("GET", "/me", cookie).catch(() => undefined);
    assert.equal((await until("one is back", isBack, 30_000)).items, String(items));
  });

  await context.test("who has no session, or none any more, is nobody", async () => {
    assert.equal((await ask("GET", "/me")).status, 401);
    assert.equal((await ask("GET", "/me", "sid=made-up")).status, 401);
    assert.equal((await ask("POST", "/sign-out", cookie)).status, 200);
    for (let count = 0; count < 2; count += 1)
      assert.equal((await ask("POST", "/cart", cookie)).status, 401);
  });

  await context.test("without Redis requests are refused, and the processes stay", async () => {
    const areReady = async () => (await ps(context, fleet)).every(({ state }) => state === "ready");
    await until("both are back", areReady, 30_000);
    isThere = false;
    await redis.close();
    const isRefused = async () => (await ask("GET", "/me", cookie)).status === 503;
    await until("it is noticed", isRefused);
    assert.ok(await areReady());
  });
  await stopCleanly(fleet);
});
