import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../support/until.ts";
import { startCacheLab } from "./support.ts";

test("stale-while-revalidate sends the stale answer, and asks once in the background", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "cache-control": "max-age=10, stale-while-revalidate=30" } });
  await lab.get();
  lab.advance(20);
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  lab.says(async () => {
    await opened;
    return { headers: { "cache-control": "max-age=10" } };
  });
  const stale = await Promise.all([lab.get(), lab.get(), lab.get()]);
  for (const { text, deed } of stale) assert.deepEqual([text, deed], ["answer 1", "hit"]);
  assert.match(stale[0]?.headers.get("cache-status") ?? "", /ttl=-1\d$/);
  open();
  await until("it is renewed", async () => (await lab.get()).text === "answer 2", 30_000);
  assert.equal(lab.asked.length, 2);
  lab.advance(11);
  assert.equal((await lab.get()).deed, "fwd=stale");
});

test("stale-if-error sends the stale answer when the origin fails or cannot be reached", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "cache-control": "max-age=10, stale-if-error=30" } });
  await lab.get();
  lab.advance(20);
  for (const status of [500, 502, 503, 504]) {
    lab.says({ status });
    const got = await lab.get();
    assert.deepEqual([got.status, got.text, got.deed], [200, "answer 1", "hit"]);
  }
  lab.says((request) => {
    request.socket.destroy();
    return {};
  });
  assert.equal((await lab.get()).text, "answer 1");
  lab.says({ status: 404, body: "gone" });
  assert.equal((await lab.get()).text, "gone");
});

test("beyond its time, or without leave, no stale answer is sent for an error", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "cache-control": "max-age=10, stale-if-error=30" } });
  await lab.get("/a");
  lab.says({ headers: { "cache-control": "max-age=10" } });
  await lab.get("/b");
  lab.advance(20);
  lab.says({ status: 503 });
  assert.equal((await lab.get("/b")).status, 503);
  assert.equal((await lab.get("/b", { "cache-control": "stale-if-error=30" })).status, 200);
  lab.advance(21);
  assert.equal((await lab.get("/a")).status, 503);
});

test("a route's fallback gives a stale answer leave, unless its origin forbade that", async (t) => {
  const lab = await startCacheLab(t, 8, { fallback: { staleS: 60 } });
  lab.says({ headers: { "cache-control": "max-age=10" } });
  const { text } = await lab.get("/plain");
  lab.says({ headers: { "cache-control": "max-age=10, must-revalidate" } });
  await lab.get("/strict");
  lab.advance(20);
  lab.says({ status: 503 });
  assert.equal((await lab.get("/plain")).text, text);
  assert.equal((await lab.get("/strict")).status, 503);
  lab.advance(60);
  assert.equal((await lab.get("/plain")).status, 503);
});

test("those who wait get the one answer if it is for all, and ask themselves if it is not", async (t) => {
  const lab = await startCacheLab(t);
  for (const [path, control, askedTimes] of [
    ["/shared", "max-age=60", 1],
    ["/own", "private", 5],
  ] as const) {
    const before = lab.asked.length;
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    lab.says(async () => {
      await opened;
      return { headers: { "cache-control": control } };
    });
    const first = lab.get(path);
    await until("the origin is asked", () => lab.asked.length > before, 30_000);
    const rest = [lab.get(path), lab.get(path), lab.get(path), lab.get(path)];
    // They are in the gateway once it has answered what came after them.
    await lab.send("GET", "/healthz");
    open();
    await Promise.all([first, ...rest]);
    assert.equal(lab.asked.length - before, askedTimes, path);
  }
});

test("the one who asked goes, and those who wait get the answer; when all go, the origin is told", async (t) => {
  const lab = await startCacheLab(t);
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  lab.says(async () => {
    await opened;
    return { headers: { "cache-control": "max-age=60" }, body: "here" };
  });
  const gone = new AbortController();
  const first = fetch(`${lab.gateway.url}/x`, { signal: gone.signal }).catch(() => "gone");
  await until("the origin is asked", () => lab.asked.length === 1, 30_000);
  const second = lab.get();
  await lab.send("GET", "/healthz");
  gone.abort();
  assert.equal(await first, "gone");
  open();
  assert.equal((await second).text, "here");

  let isClosed = false;
  lab.says((request) => {
    request.socket.on("close", () => {
      isClosed = true;
    });
    return new Promise(() => {});
  });
  const alone = new AbortController();
  const left = fetch(`${lab.gateway.url}/y`, { signal: alone.signal }).catch(() => "gone");
  await until("the origin is asked", () => lab.asked.length > 1, 30_000);
  alone.abort();
  await left;
  await until("the origin sees it", () => isClosed, 30_000);
});

test("what was asked for before a change is not stored after it", async (t) => {
  const lab = await startCacheLab(t);
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  lab.says(async (request) => {
    if (request.method === "POST") return { status: 204 };
    await opened;
    return { headers: { "cache-control": "max-age=60" }, body: "from before" };
  });
  const before = lab.get();
  await until("the origin is asked", () => lab.asked.length === 1, 30_000);
  await lab.send("POST");
  lab.says({ headers: { "cache-control": "max-age=60" }, body: "from after" });
  // It does not wait for the older request either.
  assert.equal((await lab.get()).text, "from after");
  open();
  assert.equal((await before).text, "from before");
  assert.equal((await lab.get()).text, "from after");
});

test("memory is bounded, what is asked for again stays, and large answers pass", async (t) => {
  const lab = await startCacheLab(t, 1);
  const body = "x".repeat(60_000);
  lab.says({ headers: { "cache-control": "max-age=600" }, body });
  await lab.get("/popular");
  for (let number = 0; number < 60; number += 1) {
    await lab.get(`/once/${number}`);
    assert.equal((await lab.get("/popular")).deed, "hit");
  }
  assert.notEqual((await lab.get("/once/3")).deed, "hit");
  assert.equal((await lab.get("/once/59")).deed, "hit");
  lab.says({ headers: { "cache-control": "max-age=600" }, body: "x".repeat(1_100_000) });
  for (const _ of [1, 2]) {
    const large = await lab.get("/large");
    assert.equal(large.text.length, 1_100_000);
    assert.match(large.deed, /fwd/);
  }
});
