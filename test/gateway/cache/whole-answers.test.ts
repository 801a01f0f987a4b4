import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { startGateway, startOrigin } from "../upstream/support.ts";
import { startCacheLab } from "./support.ts";

const kept = { "cache-control": "max-age=600" };

/** Sends bytes, reads only once the gateway has been held back, and gives all that came until the connection ended. */
function talk(port: number, sent: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const pieces: Buffer[] = [];
    socket.on("data", (piece) => pieces.push(piece)).on("error", reject);
    socket.on("end", () => resolve(Buffer.concat(pieces).toString("latin1")));
    socket.pause();
    socket.write(sent, () => socket.resume());
  });
}

test("whoever gets the same answer gets it with an id of its own and with its age", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: kept });
  await lab.get();
  const [first, second] = [await lab.get(), await lab.get()];
  assert.equal(first.deed, "hit");
  assert.equal(first.text, second.text);
  assert.notEqual(first.headers.get("x-request-id"), second.headers.get("x-request-id"));
  const given = await lab.get("/x", { "x-request-id": "mine" });
  assert.equal(given.headers.get("x-request-id"), "mine");
  lab.advance(30);
  const later = await lab.get();
  assert.equal(Number(later.headers.get("age")) - Number(first.headers.get("age")), 30);
  assert.match(later.headers.get("cache-status") ?? "", /ttl=5(70|69)/);
  assert.equal(lab.asked.length, 1);
});

test("the same answer goes without its body to HEAD, and ends the connection of one who speaks HTTP/1.0", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: kept, body: "hello" });
  await lab.get();
  await lab.get();
  const head = await lab.send("HEAD");
  assert.deepEqual([head.deed, head.text], ["hit", ""]);
  assert.equal(head.headers.get("content-length"), "5");
  const old = await talk(lab.gateway.port, "GET /x HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n");
  assert.match(old, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(old, /connection: close\r\n[\s\S]*\r\n\r\nhello$/);
});

test("one who reads late gets every answer whole, and each with its own id", async (t) => {
  const body = "0123456789abcdef".repeat(2_000);
  const origin = await startOrigin(t, (_request, response) =>
    response.writeHead(200, kept).end(body),
  );
  const gateway = await startGateway(t, [
    { path: "/*", upstream: origin, auth: "public", cache: true },
  ]);
  await (await fetch(`${gateway.url}/x`)).text();
  const count = 600;
  const ask = "GET /x HTTP/1.1\r\nhost: 127.0.0.1\r\n";
  const talks = await Promise.all(
    [1, 2].map(() =>
      talk(gateway.port, `${`${ask}\r\n`.repeat(count - 1)}${ask}connection: close\r\n\r\n`),
    ),
  );
  const ids = talks.flatMap((text) => {
    const answers = text.split("HTTP/1.1 200 OK\r\n").slice(1);
    assert.equal(answers.length, count);
    return answers.map((answer) => {
      const [head = "", content = ""] = answer.split("\r\n\r\n");
      assert.ok(content === body);
      return /x-request-id: (\S+)/.exec(head)?.[1];
    });
  });
  assert.equal(new Set(ids).size, 2 * count);
});

test("what the gateway adds to answers it adds to stored ones too", async (t) => {
  const origin = await startOrigin(t, (_request, response) =>
    response.writeHead(200, kept).end("a"),
  );
  const gateway = await startGateway(
    t,
    [{ path: "/*", upstream: origin, auth: "public", cache: true }],
    { cors: { origins: ["https://shop.example"] } },
  );
  const allowedFor = async (page: string) => {
    const { headers } = await fetch(`${gateway.url}/x`, { headers: { origin: page } });
    return [headers.get("access-control-allow-origin"), headers.get("vary")];
  };
  for (let turn = 0; turn < 3; turn += 1) {
    assert.deepEqual(await allowedFor("https://shop.example"), ["https://shop.example", "Origin"]);
    assert.deepEqual(await allowedFor("https://other.example"), [null, "Origin"]);
  }
});
