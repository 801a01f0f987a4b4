import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type OutgoingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, root, start, stopCleanly, temporaryFolder } from "./support.ts";

const app = join(root, "test/cli/fixture/cluster/sessions.mjs");

interface Answer {
  readonly name: string;
  readonly size: number;
  readonly cookies: readonly string[];
}

async function startCluster(context: TestContext, ...flags: string[]) {
  const fleet = start(context, ["cluster", "-i", "3", ...flags, app]);
  const ready = () => /^ready: sessions on port (\d+)/m.exec(fleet.stdout())?.[1];
  const port = Number(await until("it is ready", ready, 30_000));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  context.after(() => agent.destroy());
  /** Over one connection, as far as it is kept: so does a proxy with the requests of all its clients. */
  const ask = (headers: OutgoingHttpHeaders, path = "/", body = "") =>
    new Promise<Answer>((resolve, reject) => {
      const method = body === "" ? "GET" : "POST";
      const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent });
      outgoing.on("error", reject).on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (more) => {
          text += more;
        });
        const cookies = response.headers["set-cookie"] ?? [];
        response.on("end", () => resolve({ ...JSON.parse(text), cookies }));
      });
      outgoing.end(body);
    });
  return { fleet, port, ask };
}

const clients = Array.from({ length: 12 }, (_, index) => `203.0.113.${index}`);

test("behind a proxy that is trusted, the address it tells decides who has a client", async (context) => {
  const { fleet, ask } = await startCluster(
    context,
    ...["--sticky", "address", "--trusted-proxies", "127.0.0.0/8"],
  );
  const from = async (address: string) => {
    // What the client wrote itself stands before what the proxy adds.
    const headers = { "X-Forwarded-For": `198.51.100.7, ${address}` };
    return (await ask(headers, "/", "x".repeat(200_000))).name;
  };
  const names = new Map<string, string>();
  for (const client of clients) names.set(client, await from(client));
  assert.equal(new Set(names.values()).size, 3, "all clones have clients");
  for (const client of clients) assert.equal(await from(client), names.get(client), client);
  await stopCleanly(fleet);
});

test("what somebody else says of himself decides nothing", async (context) => {
  const { fleet, ask } = await startCluster(
    context,
    ...["--sticky", "address", "--trusted-proxies", "10.0.0.7"],
  );
  const names = new Set<string>();
  for (const client of clients) names.add((await ask({ "X-Forwarded-For": client })).name);
  assert.equal(names.size, 1);
  await stopCleanly(fleet);
});

test("a cookie brings a client back to its process, also when many come over one connection of a proxy", async (context) => {
  const { fleet, port, ask } = await startCluster(
    context,
    ...["--sticky", "cookie", "--trusted-proxies", "127.0.0.1"],
  );
  await context.test("each gets one, and it holds", async () => {
    const names = new Set<string>();
    for (let count = 0; count < 6; count += 1) {
      const { name, cookies } = await ask({});
      assert.deepEqual(cookies, [`dure-sessions=${name}; Path=/; HttpOnly; SameSite=Lax`]);
      names.add(name);
    }
    assert.equal(names.size, 3, "those who come the first time have their turn");
    for (const name of [...names, ...names, ...names]) {
      const again = await ask({ cookie: `a=b; dure-sessions=${name}` }, "/", "y".repeat(100_000));
      assert.deepEqual(again, { name, size: 100_000, cookies: [] });
    }
  });

  await context.test("the program's own cookies stay, and what is for all has none", async () => {
    const cookiesOf = async (path: string) =>
      (await ask({}, path)).cookies.map((cookie) => cookie.split("=")[0]);
    assert.deepEqual(await cookiesOf("/set"), ["own", "dure-sessions"]);
    assert.deepEqual(await cookiesOf("/object"), ["own", "more", "dure-sessions"]);
    assert.deepEqual(await cookiesOf("/list"), ["own", "dure-sessions"]);
    assert.deepEqual(await cookiesOf("/public"), []);
  });

  await context.test("a head in pieces, and what follows it at once, arrive whole", async () => {
    const socket = connect(port, "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpg");
    await new Promise((resolve) => setImmediate(resolve));
    socket.write("rade: echo\r\n\r\nfirst,");
    let received = "";
    socket.setEncoding("utf8").on("data", (text) => {
      received += text;
    });
    await until("it is answered", () => received.endsWith("first,"));
    socket.write("second");
    await until("it is echoed", () => received.endsWith("\r\n\r\nfirst,second"));
    socket.destroy();
  });

  await context.test("who leaves before a request is there is forgotten", async () => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.end("GET / HTTP/1.1\r\n");
    await once(socket, "close");
    assert.equal((await ask({})).size, 0);
  });

  await context.test(
    "the clients of one that is gone get another, and a cookie for it",
    async () => {
      await ask({ cookie: "dure-sessions=sessions-2" }, "/exit").catch(() => {});
      const { name, cookies } = await until("another answers", async () => {
        const answer = await ask({ cookie: "dure-sessions=sessions-9" });
        return answer.cookies.length > 0 ? answer : undefined;
      });
      assert.match(cookies[0] ?? "", new RegExp(`^dure-sessions=${name};`));
      const isBack = async () => (await ps(context, fleet)).every(({ state }) => state === "ready");
      await until("it is back", isBack, 30_000);
      assert.equal((await ask({ cookie: "dure-sessions=sessions-2" })).name, "sessions-2");
    },
  );
  await stopCleanly(fleet);
});

test("what cannot be is refused with the reason", async (context) => {
  const folder = temporaryFolder(context);
  for (const [flags, message] of [
    [
      ["--sticky", app],
      /argument '.*sessions\.mjs' is invalid. Allowed choices are address, cookie/,
    ],
    [["--trusted-proxies", "10.0.0.7", app], /--trusted-proxies is for --sticky/],
    [
      ["--sticky", "cookie", "--trusted-proxies", "10.0.0", app],
      /--trusted-proxies: "10\.0\.0" is neither an address nor a network/,
    ],
  ] as const) {
    const { code, stderr } = await dure(context, ["cluster", ...flags], { cwd: folder });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});
