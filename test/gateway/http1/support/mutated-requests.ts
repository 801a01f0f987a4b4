import { chunked, get, hostile, post } from "./hostile-requests.ts";

type Random = (below: number) => number;

const sound = [
  get(),
  get("X: a", "Accept: */*", "Cookie: a=b", "cookie: c=d"),
  get("Connection: close"),
  get("Connection: keep-alive, X", "X: 1"),
  "GET http://a/b?c=%20 HTTP/1.1\r\nHost: a\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
  post("Content-Length: 5", "hello"),
  post("Content-Length: 0", ""),
  post("Content-Length: 3\r\nExpect: 100-continue", "abc"),
  chunked("5\r\nhello\r\n0\r\n\r\n"),
  chunked("1\r\na\r\nA;b=c\r\n0123456789\r\n0\r\nX: trailer\r\n\r\n"),
  chunked('2;a="b c"\r\nab\r\n0\r\n\r\n'),
];
const soundSeeds = sound.map(toBuffer);
const hostileSeeds = hostile
  .map(([, , bytes]) => toBuffer(bytes))
  .filter(({ length }) => length < 400);

/** Bytes that mean something to readers of HTTP, and those that only look alike. */
const telling = Buffer.from(
  '\r\n\t :;,="\\/?#%*+-_.0123456789AFafxX\0\x0b\x0c\x1f\x7f\x80\x85\xa0\xff',
  "latin1",
);
/** No `Upgrade`: behind it node:http stops reading HTTP. */
const pieces = [
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "\r\n ",
  "Host: a\r\n",
  "Host: b\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: 03\r\n",
  "content-length:3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "Transfer-Encoding : chunked\r\n",
  "transfer-encoding:\tchunked \r\n",
  "Connection: close\r\n",
  "Expect: 100-continue\r\n",
  "0\r\n\r\n",
  "3\r\nabc\r\n",
  ";a=b",
  " HTTP/1.1",
  " HTTP/1.0",
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
].map(toBuffer);

/** One connection's bytes: one to three requests, changed in one to three places. The same random numbers give the same bytes. */
export function mutatedRequests(random: Random): Buffer {
  const count = 1 + (random(3) === 0 ? random(3) : 0);
  let bytes: Buffer = Buffer.concat(
    Array.from({ length: count }, () => pick(random, random(3) === 0 ? hostileSeeds : soundSeeds)),
  );
  for (let changes = 1 + random(3); changes > 0; changes -= 1) bytes = change(random, bytes);
  return bytes;
}

function change(random: Random, bytes: Buffer): Buffer {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random(random(4) === 0 ? 40 : 3));
  switch (random(8)) {
    case 0:
    case 1:
      return splice(bytes, [at, at + 1], Buffer.from([telling[random(telling.length)] as number]));
    case 2:
      return splice(bytes, [at, at + 1], Buffer.from([random(256)]));
    case 3:
      return splice(bytes, [at, at], Buffer.from([telling[random(telling.length)] as number]));
    case 4:
      return splice(bytes, [at, at], pick(random, pieces));
    case 5:
      return splice(bytes, [at, end], Buffer.alloc(0));
    case 6:
      return splice(bytes, [at, at], bytes.subarray(at, end));
    default:
      return splice(bytes, [lineAt(bytes, at), lineAt(bytes, at)], pick(random, pieces));
  }
}

/** Where the line that holds a position begins. */
function lineAt(bytes: Buffer, at: number): number {
  return bytes.lastIndexOf("\n", Math.max(0, at - 1)) + 1;
}

function splice(bytes: Buffer, [from, to]: readonly [number, number], piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)]);
}

function toBuffer(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function pick(random: Random, list: readonly Buffer[]): Buffer {
  return list[random(list.length)] as Buffer;
}
