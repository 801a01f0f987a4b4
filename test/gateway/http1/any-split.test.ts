import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IncomingBody } from "../../../src/gateway/http1/incoming-body.ts";
import { ReceivedHead } from "../../../src/gateway/http1/received-head.ts";
import { RequestReader } from "../../../src/gateway/http1/request-reader.ts";
import { echo, RawClient, startEngine, statuses } from "./support/engine.ts";
import { anyStream, validRequest } from "./support/requests.ts";

const limits = { headerBytesMax: 4_096, headersMax: 20 };
const client = { address: "127.0.0.1", scheme: "http" } as const;

interface Read {
  readonly requests: unknown[];
  readonly refusal: string | undefined;
}

/** Reads requests out of pieces as a connection does, without one. */
async function readAll(pieces: readonly Buffer[]): Promise<Read> {
  const reader = new RequestReader(limits, () => client);
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
      const received = reader.read(piece, at);
      if (!(received instanceof ReceivedHead)) {
        refusal = received?.detail;
        break;
      }
      at = reader.end;
      const { head, sound } = received;
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

test("a request that comes again, byte for byte, is read as it was, and one that differs is read anew", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStream, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }),
      async (known, order) => {
        const pieces = order.map((index) => known[index % known.length] as Buffer);
        assert.deepEqual(await readAll(pieces), await readAll([Buffer.concat(pieces)]));
      },
    ),
    { numRuns: 1_000 },
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
