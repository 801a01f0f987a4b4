import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeadReader } from "../../../src/gateway/http1/core/head-reader.ts";
import { judgeHead } from "../../../src/gateway/http1/core/request-head.ts";
import { IncomingBody } from "../../../src/gateway/http1/incoming-body.ts";
import { echo, RawClient, startEngine, statuses } from "./support/engine.ts";
import { anyStream, validRequest } from "./support/requests.ts";

const limits = { headerBytesMax: 4_096, headersMax: 20 };

interface Read {
  readonly requests: unknown[];
  readonly refusal: string | undefined;
}

/** Reads requests out of pieces as a connection does, without one. */
async function readAll(pieces: readonly Buffer[]): Promise<Read> {
  const reader = new HeadReader(limits);
  const requests: any[] = [];
  let body: IncomingBody | undefined;
  let refusal: string | undefined;
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length && refusal === undefined) {
      if (body && !body.isDone) {
        at = body.push(piece, at);
        continue;
      }
      const end = reader.read(piece, at);
      if (end < 0) {
        refusal = reader.refusal?.detail;
        break;
      }
      at = end;
      const head = reader.take();
      const sound = judgeHead(head);
      if ("status" in sound) {
        refusal = sound.detail;
        break;
      }
      body = new IncomingBody(sound.bodyLength, () => {});
      const { method, target, minorVersion } = head;
      const whole = body.whole(1_000_000).then(
        (bytes) => Buffer.from(bytes).toString("latin1"),
        (error: Error) => error.message,
      );
      requests.push({ method, target, minorVersion, headers: head.headers(), sound, whole });
    }
  }
  const isOpen = body && !body.isDone && refusal === undefined;
  for (const request of requests)
    request.whole = isOpen && request === requests.at(-1) ? "open" : await request.whole;
  return { requests, refusal };
}

function cutUp(buffer: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (buffer.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => buffer.subarray(start, places[index]));
}

test("however bytes are cut into pieces, the same requests and refusals come out", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyStream,
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.boolean(),
      async (buffer, cuts, isEveryByte) => {
        const pieces = isEveryByte
          ? Array.from(buffer, (_, index) => buffer.subarray(index, index + 1))
          : cutUp(buffer, cuts);
        assert.deepEqual(await readAll(pieces), await readAll([buffer]));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("valid requests are all read", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(validRequest, { minLength: 1, maxLength: 4 }), async (all) => {
      const { requests, refusal } = await readAll([Buffer.from(all.join(""), "latin1")]);
      assert.deepEqual([requests.length, refusal], [all.length, undefined]);
    }),
    { numRuns: 500 },
  );
});

test("a connection answers the same, however its bytes were cut", async (t) => {
  const engine = await startEngine(t, echo);
  const wire = Buffer.from(
    "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" +
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n" +
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "latin1",
  );
  const answers = await Promise.all(
    Array.from({ length: wire.length - 1 }, async (_, cut) => {
      const client = new RawClient(engine).send(wire.subarray(0, cut + 1));
      await new Promise((resolve) => setTimeout(resolve, cut % 20));
      return client.send(wire.subarray(cut + 1)).untilClosed();
    }),
  );
  for (const answer of answers) {
    assert.deepEqual(statuses(answer), [200, 200, 200]);
    assert.deepEqual(answer.match(/(GET|POST) [^;]*;/g), [
      "POST /1 hello;",
      "POST /2 abcde;",
      "GET /3 ;",
    ]);
  }
});
