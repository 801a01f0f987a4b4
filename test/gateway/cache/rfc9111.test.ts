import assert from "node:assert/strict";
import { test } from "node:test";
import { rawHttp } from "../../support/raw-http.ts";
import { startCacheLab } from "./support.ts";

/** Answers and whether a shared cache may send them to the next one who asks. `request`: fields of the request. */
const storing: readonly {
  readonly what: string;
  readonly headers: Record<string, string | string[]>;
  readonly status?: number;
  readonly request?: Record<string, string>;
  readonly isReused: boolean;
}[] = [
  { what: "max-age", headers: { "cache-control": "max-age=60" }, isReused: true },
  { what: "an argument in quotes", headers: { "cache-control": 'max-age="60"' }, isReused: true },
  { what: "other letters", headers: { "cache-control": "MaX-aGe=60" }, isReused: true },
  {
    what: "s-maxage beats max-age",
    headers: { "cache-control": "max-age=0, s-maxage=60" },
    isReused: true,
  },
  {
    what: "s-maxage=0 beats max-age",
    headers: { "cache-control": "max-age=60, s-maxage=0" },
    isReused: false,
  },
  {
    what: "max-age beats Expires",
    headers: { "cache-control": "max-age=60", expires: "0" },
    isReused: true,
  },
  { what: "max-age=0", headers: { "cache-control": "max-age=0" }, isReused: false },
  {
    what: "a max-age that is no number",
    headers: { "cache-control": "max-age=abc" },
    isReused: false,
  },
  { what: "a negative max-age", headers: { "cache-control": "max-age=-60" }, isReused: false },
  {
    what: "a max-age with a fraction",
    headers: { "cache-control": "max-age=60.5" },
    isReused: false,
  },
  {
    what: "a max-age beyond 2^31",
    headers: { "cache-control": "max-age=99999999999" },
    isReused: true,
  },
  { what: "no lifetime at all", headers: {}, isReused: false },
  { what: "no-store", headers: { "cache-control": "no-store, max-age=60" }, isReused: false },
  {
    what: "no-store on a line of its own",
    headers: { "cache-control": ["max-age=60", "no-store"] },
    isReused: false,
  },
  { what: "private", headers: { "cache-control": "private, max-age=60" }, isReused: false },
  { what: "no-cache", headers: { "cache-control": "no-cache, max-age=60" }, isReused: false },
  {
    what: "max-age in a quoted argument",
    headers: { "cache-control": 'x="max-age=60"' },
    isReused: false,
  },
  {
    what: "must-understand with a status that is understood",
    headers: { "cache-control": "must-understand, no-store, max-age=60" },
    isReused: true,
  },
  {
    what: "must-understand with one that is not",
    headers: { "cache-control": "must-understand, max-age=60" },
    status: 299,
    isReused: false,
  },
  {
    what: "an unknown status with a lifetime",
    headers: { "cache-control": "max-age=60" },
    status: 299,
    isReused: true,
  },
  {
    what: "404 with a lifetime",
    headers: { "cache-control": "max-age=60" },
    status: 404,
    isReused: true,
  },
  { what: "302 without a lifetime", headers: { location: "/y" }, status: 302, isReused: false },
  { what: "Vary: *", headers: { "cache-control": "max-age=60", vary: "*" }, isReused: false },
  {
    what: "no-store in the request",
    headers: { "cache-control": "max-age=60" },
    request: { "cache-control": "no-store" },
    isReused: false,
  },
  {
    what: "Authorization",
    headers: { "cache-control": "max-age=60" },
    request: { authorization: "Basic eA==" },
    isReused: false,
  },
  {
    what: "Authorization with public",
    headers: { "cache-control": "max-age=60, public" },
    request: { authorization: "Basic eA==" },
    isReused: true,
  },
  {
    what: "Authorization with s-maxage",
    headers: { "cache-control": "s-maxage=60" },
    request: { authorization: "Basic eA==" },
    isReused: true,
  },
  {
    what: "Authorization with must-revalidate",
    headers: { "cache-control": "max-age=60, must-revalidate" },
    request: { authorization: "Basic eA==" },
    isReused: true,
  },
  {
    what: "Set-Cookie",
    headers: { "cache-control": "max-age=60", "set-cookie": "a=1" },
    isReused: false,
  },
  {
    what: "Set-Cookie with public",
    headers: { "cache-control": "public, max-age=60", "set-cookie": "a=1" },
    isReused: true,
  },
  {
    what: "an event stream",
    headers: { "cache-control": "max-age=60", "content-type": "text/event-stream" },
    isReused: false,
  },
];

test("what may be stored is stored, and nothing else", async (t) => {
  const lab = await startCacheLab(t);
  for (const [
    number,
    { what, headers, status = 200, request = {}, isReused },
  ] of storing.entries()) {
    lab.says({ status, headers });
    await lab.get(`/${number}`, request);
    const before = lab.asked.length;
    const second = await lab.get(`/${number}`, request);
    assert.equal(lab.asked.length === before, isReused, what);
    assert.equal(second.deed === "hit", isReused, what);
    assert.equal(second.status, status, what);
  }
});

test("a lifetime comes from Expires and Date, in each of the three forms of a date", async (t) => {
  const lab = await startCacheLab(t);
  const date = new Date(lab.date());
  const asctime = new Date(date.getTime() + 60_000)
    .toUTCString()
    .replace(
      /^(\w+), (\d\d) (\w+) (\d+) (\S+) GMT$/,
      (_, day, number, month, year, time) =>
        `${day} ${month} ${number.replace(/^0/, " ")} ${time} ${year}`,
    );
  for (const [number, [expires, isReused]] of (
    [
      [lab.date(60), true],
      [asctime, true],
      [lab.date(-60), false],
      ["0", false],
      ["never", false],
      [lab.date(60).replace("GMT", "UTC"), false],
      [new Date(date.getTime() + 60_000).toISOString(), false],
    ] as const
  ).entries()) {
    lab.says({ headers: { expires, date: lab.date() } });
    await lab.get(`/${number}`);
    assert.equal((await lab.get(`/${number}`)).deed === "hit", isReused, expires);
  }
});

test("age counts what other caches and the way took, and is told", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "cache-control": "max-age=100", age: "40" } });
  await lab.get();
  lab.advance(50);
  const hit = await lab.get();
  assert.equal(hit.deed, "hit");
  // Whole seconds: one may end in between, here and at the origin.
  assert.match(hit.headers.get("age") ?? "", /^9[0-2]$/);
  assert.match(hit.headers.get("cache-status") ?? "", /^Dure; hit; ttl=(8|9|10)$/);
  lab.advance(11);
  assert.equal((await lab.get()).deed, "fwd=stale");

  lab.says({ headers: { "cache-control": "max-age=100", date: lab.date(-80) } });
  await lab.get("/old");
  assert.equal((await lab.get("/old")).deed, "hit");
  lab.advance(21);
  assert.equal((await lab.get("/old")).deed, "fwd=stale");

  lab.says({ headers: { "cache-control": "max-age=100", age: "7, 9000" } });
  await lab.get("/list");
  assert.match((await lab.get("/list")).headers.get("age") ?? "", /^[7-9]$/);
});

test("without a lifetime a tenth of the time since the last change counts, but not for who has a cookie", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "last-modified": lab.date(-1_000) } });
  await lab.get("/a");
  lab.advance(90);
  assert.equal((await lab.get("/a")).deed, "hit");
  lab.advance(11);
  assert.equal((await lab.get("/a")).deed, "fwd=stale");
  await lab.get("/account/photo.css", { cookie: "session=1" });
  assert.equal((await lab.get("/account/photo.css")).deed, "fwd=stale");
  lab.says({ status: 302, headers: { "last-modified": lab.date(-1_000), location: "/" } });
  await lab.get("/b");
  assert.notEqual((await lab.get("/b")).deed, "hit");
});

test("an answer serves only requests that agree in what Vary names", async (t) => {
  const lab = await startCacheLab(t);
  lab.says((request) => ({
    headers: { "cache-control": "max-age=60", vary: "Accept-Language, X-Kind" },
    body: `${request.headers["accept-language"]} ${request.headers["x-kind"]}`,
  }));
  const ask = (language: string, kind?: string) =>
    lab.get("/x", { "accept-language": language, ...(kind ? { "x-kind": kind } : {}) });
  assert.equal((await ask("ko", "a")).deed, "fwd=uri-miss");
  assert.equal((await ask("en", "a")).deed, "fwd=vary-miss");
  assert.equal((await ask("ko")).deed, "fwd=vary-miss");
  for (const [language, kind] of [
    ["ko", "a"],
    ["en", "a"],
    ["ko", undefined],
  ] as const) {
    const got = await ask(language, kind);
    assert.equal(got.deed, "hit");
    assert.equal(got.text, `${language} ${kind}`);
  }
  assert.equal((await ask("ko ,en", "a")).deed, "fwd=vary-miss");
  assert.equal((await ask("ko,  en", "a")).deed, "hit");
});

test("a stale answer is renewed by 304, with the new headers", async (t) => {
  const lab = await startCacheLab(t);
  const modified = lab.date(-10_000);
  lab.says((request) =>
    request.headers["if-none-match"] === '"one"'
      ? {
          status: 304,
          headers: {
            etag: '"one"',
            "cache-control": "max-age=20",
            "x-new": "yes",
            "content-type": "text/evil",
          },
        }
      : {
          headers: {
            etag: '"one"',
            "last-modified": modified,
            "cache-control": "max-age=10",
            "x-new": "no",
            "content-type": "text/plain",
          },
          body: "first",
        },
  );
  await lab.get();
  lab.advance(11);
  const renewed = await lab.get();
  assert.equal(renewed.status, 200);
  assert.equal(renewed.text, "first");
  assert.equal(renewed.headers.get("x-new"), "yes");
  assert.equal(renewed.headers.get("content-type"), "text/plain");
  assert.match(renewed.headers.get("cache-status") ?? "", /fwd=stale; fwd-status=304; stored/);
  assert.equal(lab.asked[1]?.headers["if-modified-since"], modified);
  lab.advance(15);
  assert.equal((await lab.get()).deed, "hit");
});

test("a 304 about another representation renews nothing", async (t) => {
  const lab = await startCacheLab(t);
  lab.says((request) =>
    request.headers["if-none-match"]
      ? { status: 304, headers: { etag: '"two"' } }
      : { headers: { etag: '"one"', "cache-control": "max-age=10" } },
  );
  await lab.get();
  lab.advance(11);
  const got = await lab.get();
  assert.equal(got.status, 200);
  assert.equal(got.text, "answer 3");
  assert.equal(lab.asked[2]?.headers["if-none-match"], undefined);
});

test("no-cache asks each time, and sends what is stored only after a 304", async (t) => {
  const lab = await startCacheLab(t);
  lab.says((request) =>
    request.headers["if-none-match"]
      ? { status: 304 }
      : { headers: { etag: '"one"', "cache-control": "no-cache" }, body: "first" },
  );
  await lab.get();
  for (const _ of [1, 2]) {
    const got = await lab.get();
    assert.deepEqual([got.status, got.text, got.deed], [200, "first", "fwd=stale"]);
  }
  assert.equal(lab.asked.length, 3);
});

test("fields that private and no-cache name are not kept", async (t) => {
  const lab = await startCacheLab(t);
  for (const directive of ['private="Set-Cookie, X-Own"', 'no-cache="set-cookie, x-own"']) {
    const path = `/${directive.slice(0, 2)}`;
    lab.says({
      headers: {
        "cache-control": `public, max-age=60, ${directive}`,
        "set-cookie": "a=1",
        "x-own": "1",
        "x-other": "1",
      },
    });
    await lab.get(path);
    const hit = await lab.get(path);
    assert.equal(hit.deed, "hit", directive);
    assert.equal(hit.headers.get("set-cookie"), null);
    assert.equal(hit.headers.get("x-own"), null);
    assert.equal(hit.headers.get("x-other"), "1");
  }
});

test("a client that has it gets 304 from the cache", async (t) => {
  const lab = await startCacheLab(t);
  const modified = lab.date(-1_000);
  lab.says({
    headers: {
      etag: 'W/"one"',
      "last-modified": modified,
      "cache-control": "max-age=60",
      "x-own": "1",
    },
  });
  // Its own condition does not go to the origin: the cache needs the whole.
  const first = await lab.get("/x", { "if-none-match": '"one"' });
  assert.deepEqual([first.status, first.text], [304, ""]);
  assert.equal(lab.asked[0]?.headers["if-none-match"], undefined);
  for (const [headers, status] of [
    [{ "if-none-match": '"zero", W/"one"' }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"zero"' }, 200],
    [{ "if-none-match": '"zero"', "if-modified-since": modified }, 200],
    [{ "if-modified-since": modified }, 304],
    [{ "if-modified-since": lab.date(-2_000) }, 200],
  ] as const) {
    const got = await lab.get("/x", headers);
    assert.equal(got.status, status, JSON.stringify(headers));
    assert.equal(got.headers.get("x-own"), status === 304 ? null : "1");
  }
  assert.equal(lab.asked.length, 1);
});

test("what cannot be shared is asked for with the client's own conditions", async (t) => {
  const lab = await startCacheLab(t);
  lab.keepGateway();
  lab.says((request) =>
    request.headers["if-none-match"]
      ? { status: 304, headers: { etag: '"one"' } }
      : { headers: { etag: '"one"', "cache-control": "private" } },
  );
  assert.equal((await lab.get("/x", { "if-none-match": '"one"' })).status, 304);
  assert.equal((await lab.get("/x", { "if-none-match": '"one"' })).status, 304);
  assert.equal(lab.asked[1]?.headers["if-none-match"], '"one"');
});

test("what requests want of age and freshness is kept to", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "cache-control": "max-age=100" } });
  await lab.get();
  lab.advance(50);
  const deedOf = async (control: string) =>
    (await lab.get("/x", { "cache-control": control })).deed;
  assert.equal(await deedOf("max-age=60"), "hit");
  assert.equal(await deedOf("min-fresh=40"), "hit");
  assert.equal(await deedOf("only-if-cached"), "hit");
  assert.equal(await deedOf("max-age=40"), "fwd=request");
  lab.advance(50);
  assert.equal(await deedOf("min-fresh=60"), "fwd=request");
  assert.equal(await deedOf("no-cache"), "fwd=request");
  assert.equal((await lab.get("/x", { pragma: "no-cache" })).deed, "fwd=request");
  lab.advance(110);
  assert.equal(await deedOf("max-stale=5"), "fwd=stale");
  lab.advance(110);
  assert.equal(await deedOf("max-stale=20"), "hit");
  assert.equal(await deedOf("max-stale"), "hit");
  assert.equal((await lab.get("/none", { "cache-control": "only-if-cached" })).status, 504);
});

test("must-revalidate, proxy-revalidate and s-maxage forbid what is stale", async (t) => {
  const lab = await startCacheLab(t);
  for (const control of [
    "max-age=10, must-revalidate",
    "max-age=10, proxy-revalidate",
    "s-maxage=10",
  ]) {
    const path = `/${encodeURIComponent(control.slice(-6))}`;
    lab.says({
      headers: { "cache-control": `${control}, stale-if-error=100, stale-while-revalidate=100` },
    });
    await lab.get(path);
    lab.advance(11);
    lab.says({ status: 503 });
    const got = await lab.get(path, { "cache-control": "max-stale" });
    assert.deepEqual([got.status, got.deed], [503, "fwd=stale"], control);
  }
});

test("an unsafe request that does not fail takes its URL out, and those of its host that the answer names", async (t) => {
  const lab = await startCacheLab(t);
  const fill = async () => {
    lab.says({ headers: { "cache-control": "max-age=60" } });
    for (const path of ["/x", "/y", "/z?a=1", "/other"]) await lab.get(path);
  };
  const held = async () => {
    const deeds = [];
    for (const path of ["/x", "/y", "/z?a=1", "/other"])
      deeds.push((await lab.get(path)).deed === "hit");
    return deeds;
  };
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]) {
    await fill();
    lab.says({
      status: 201,
      headers: { location: "/y", "content-location": `${lab.gateway.url}/z?a=1` },
    });
    await lab.send(method);
    lab.says({ headers: { "cache-control": "max-age=60" } });
    assert.deepEqual(await held(), [false, false, false, true], method);
  }
  await fill();
  lab.says({ status: 500 });
  await lab.send("POST");
  lab.says({ status: 204, headers: { location: "http://other.example/y" } });
  await lab.send("POST", "/elsewhere");
  lab.says({ headers: { "cache-control": "max-age=60" } });
  await lab.send("OPTIONS");
  assert.deepEqual(await held(), [true, true, true, true]);
});

test("HEAD is answered from a GET, and takes it out when it tells of another representation", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "cache-control": "max-age=60", etag: '"one"' }, body: "12345" });
  assert.equal((await lab.send("HEAD")).deed, "fwd=uri-miss");
  // What HEAD brings has no body, so it serves no GET.
  assert.equal((await lab.get()).deed, "fwd=uri-miss");
  const hit = await lab.send("HEAD");
  assert.equal(hit.deed, "hit");
  assert.equal(hit.headers.get("content-length"), "5");
  lab.says({ headers: { etag: '"two"' } });
  await lab.send("HEAD", "/x", { "cache-control": "no-cache" });
  assert.equal((await lab.get()).deed, "fwd=uri-miss");
});

test("parts come from whole answers, and are never stored", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({
    status: 206,
    headers: { "cache-control": "max-age=60", "content-range": "bytes 0-1/10" },
    body: "01",
  });
  assert.equal((await lab.get("/x", { range: "bytes=0-1" })).status, 206);
  lab.says({ headers: { "cache-control": "max-age=60", etag: '"one"' }, body: "0123456789" });
  assert.equal((await lab.get()).deed, "fwd=uri-miss");
  for (const [range, status, text] of [
    ["bytes=2-4", 206, "234"],
    ["bytes=7-", 206, "789"],
    ["bytes=-3", 206, "789"],
    ["bytes=8-100", 206, "89"],
    ["bytes=10-", 416, ""],
    ["bytes=4-2", 200, "0123456789"],
    ["bytes=0-1, 3-4", 200, "0123456789"],
    ["lines=1-2", 200, "0123456789"],
  ] as const) {
    const got = await lab.get("/x", { range });
    assert.deepEqual([got.status, got.text], [status, text], range);
    if (status === 416) assert.equal(got.headers.get("content-range"), "bytes */10");
  }
  const part = await lab.get("/x", { range: "bytes=2-4", "if-range": '"one"' });
  assert.equal(part.headers.get("content-range"), "bytes 2-4/10");
  assert.equal((await lab.get("/x", { range: "bytes=2-4", "if-range": '"two"' })).status, 200);
  assert.equal((await lab.get("/x", { range: "bytes=2-4", "if-range": 'W/"one"' })).status, 200);
  assert.equal(lab.asked.length, 2);
});

test("an answer that breaks off is not stored", async (t) => {
  const lab = await startCacheLab(t);
  lab.says((request) => {
    setImmediate(() => request.socket.destroy());
    return { headers: { "cache-control": "max-age=60", "content-length": "100" }, body: "half" };
  });
  assert.equal((await lab.get()).status, 502);
  lab.says({ headers: { "cache-control": "max-age=60" }, body: "whole" });
  assert.deepEqual((await lab.get()).text, "whole");
});

test("what other caches said stays before what this one says", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "cache-status": "origin; hit" } });
  const got = await lab.get();
  assert.equal(got.headers.get("cache-status"), "origin; hit, Dure; fwd=uri-miss; fwd-status=200");
});

test("poison: what is no part of the key does not reach the origin, or is not stored", async (t) => {
  const lab = await startCacheLab(t);
  lab.says((request) => ({
    headers: { "cache-control": "max-age=60" },
    body: JSON.stringify({ ...request.headers, url: request.url, method: request.method }),
  }));
  const evil = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "evil",
    "x-forwarded-scheme": "evil",
    "x-forwarded-port": "666; evil",
    "x-forwarded-prefix": "/evil",
    "x-forwarded-server": "evil.example",
    x_forwarded_host: "evil.example",
    forwarded: "host=evil.example",
    "x-original-url": "/evil",
    "x-rewrite-url": "/evil",
    "x-host": "evil.example",
    "x-http-method-override": "EVIL",
  };
  assert.doesNotMatch((await lab.get("/x", evil)).text, /evil/i);
  // A GET with a body may be answered by its body.
  const port = lab.gateway.port;
  const fat = "GET /fat HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 4\r\n\r\nevil";
  assert.match(await rawHttp(port, fat), /fwd=bypass/);
  assert.match(await rawHttp(port, fat), /fwd=bypass/);
  // Another host is another site.
  const of = (host: string) =>
    rawHttp(port, `GET /host HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  assert.match(await of("a.example"), /fwd=uri-miss/);
  assert.match(await of("evil.example"), /fwd=uri-miss/);
  assert.match(await of("A.EXAMPLE"), /Dure; hit/);
});

test("poison: a request that breaks the origin is not remembered for others", async (t) => {
  const lab = await startCacheLab(t);
  lab.says((request) =>
    request.headers["x-oversized"]
      ? { status: 400, headers: { "last-modified": lab.date(-100_000) } }
      : { headers: { "cache-control": "max-age=60" }, body: "well" },
  );
  assert.equal((await lab.get("/x", { "x-oversized": "1" })).status, 400);
  assert.equal((await lab.get()).text, "well");
});

test("deception: a path that looks like a file's makes nothing storable, nor do two spellings of one path differ", async (t) => {
  const lab = await startCacheLab(t);
  lab.says({ headers: { "content-type": "text/html" }, body: "my account" });
  for (const path of [
    "/account/x.css",
    "/account;x.css",
    "/account/..;/x.css",
    "/account%3Fx.css",
    "/account%23.js",
  ]) {
    await lab.get(path, { cookie: "session=1" });
    assert.notEqual((await lab.get(path)).deed, "hit", path);
  }
  lab.says({ headers: { "cache-control": "max-age=60" } });
  await lab.get("/%61/b");
  const { port } = lab.gateway;
  // Not by a client that would normalise the path itself.
  const ask = (path: string) =>
    rawHttp(port, `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`);
  for (const path of ["/a/b", "/a//b", "//a/%62"]) assert.match(await ask(path), /Dure; hit/, path);
  // What an origin may take for the end of the path, or for a way up, gets no further.
  const asked = lab.asked.length;
  const delimiters = ["%2f..%2f", "%5c..%5c", "%00", "%0a", "%0d%0a", "/%2e%2e/", "/../", "\\"];
  for (const delimiter of delimiters)
    assert.match(await ask(`/account${delimiter}x.css`), /^HTTP\/1\.1 400 /, delimiter);
  assert.equal(lab.asked.length, asked);
});
