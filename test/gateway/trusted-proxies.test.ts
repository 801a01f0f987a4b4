import assert from "node:assert/strict";
import { test } from "node:test";
import { TrustedProxies } from "../../src/gateway/trusted-proxies.ts";
import { RawClient, startEngine, statuses } from "./http1/support/engine.ts";

const cases: [name: string, headers: string[], client: string | 400][] = [
  ["no header", [], "http 127.0.0.1"],
  ["one hop", ["X-Forwarded-For: 203.0.113.7"], "http 203.0.113.7"],
  ["the header's own port", ["X-Forwarded-For: 203.0.113.7:4711"], "http 203.0.113.7"],
  ["what the client wrote itself", ["X-Forwarded-For: 1.1.1.1, 203.0.113.7"], "http 203.0.113.7"],
  [
    "hops within the trusted network",
    ["X-Forwarded-For: 1.1.1.1, 203.0.113.7, 10.1.2.3"],
    "http 203.0.113.7",
  ],
  [
    "two fields are one list",
    ["X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 203.0.113.7"],
    "http 203.0.113.7",
  ],
  ["only trusted hops", ["X-Forwarded-For: 10.0.0.1, 10.0.0.2"], "http 10.0.0.1"],
  ["a hop that is not known", ["X-Forwarded-For: unknown, 10.0.0.2"], "http 10.0.0.2"],
  ["no address at all", ["X-Forwarded-For: nonsense"], "http 127.0.0.1"],
  ["IPv6", ["X-Forwarded-For: 2001:db8::7"], "http 2001:db8::7"],
  ["the scheme", ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"], "https 203.0.113.7"],
  ["another scheme", ["X-Forwarded-Proto: gopher"], "http 127.0.0.1"],
  ["Forwarded", ["Forwarded: for=203.0.113.7;proto=https"], "https 203.0.113.7"],
  [
    "Forwarded with several hops",
    ['Forwarded: for=1.1.1.1, FOR="[2001:db8::7]:4711";Proto=HTTPS ; by=10.0.0.9, for=10.0.0.2'],
    "https 2001:db8::7",
  ],
  ["a hidden name", ["Forwarded: for=_secret, for=10.0.0.2"], "http 10.0.0.2"],
  [
    "both, and they agree",
    ["Forwarded: for=203.0.113.7", "X-Forwarded-For: 203.0.113.7"],
    "http 203.0.113.7",
  ],
  ["both, and they do not agree", ["Forwarded: for=1.1.1.1", "X-Forwarded-For: 203.0.113.7"], 400],
  ["a quote without end", ['Forwarded: for=", for=203.0.113.7'], 400],
  ["an empty Forwarded", ["Forwarded:"], 400],
  ["a Forwarded of commas", [`Forwarded: ${",".repeat(10_000)}`], 400],
];

const request = (headers: readonly string[]) =>
  ["GET / HTTP/1.1", "Host: a", ...headers, "Connection: close", "", ""].join("\r\n");

test("trusted proxies say who asks, and only they", async (t) => {
  const say = async (exchange: any) =>
    exchange.answer(200, [], `${exchange.scheme} ${exchange.remoteAddress};`);
  const trusting = await startEngine(t, say, { trustedProxies: ["127.0.0.1", "10.0.0.0/8"] });
  const plain = await startEngine(t, say);
  for (const [name, headers, client] of cases) {
    const answer = await new RawClient(trusting).send(request(headers)).untilClosed();
    if (client === 400) assert.deepEqual(statuses(answer), [400], name);
    else assert.match(answer, new RegExp(`\r\n\r\n${client};$`), name);
    const untrusted = await new RawClient(plain).send(request(headers)).untilClosed();
    assert.match(untrusted, /\r\n\r\nhttp 127\.0\.0\.1;$/, name);
  }
});

test("an address that is none is told by its name", () => {
  for (const range of ["proxy", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/", ""])
    assert.throws(() => new TrustedProxies([range]), {
      code: "INVALID_ARGUMENT",
      message: `gateway.trustedProxies: "${range}" is neither an address nor a network; write it as "10.0.0.7" or "10.0.0.0/8"`,
    });
});
