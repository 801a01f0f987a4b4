import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import fc from "fast-check";
import type { Exchange } from "../../../src/gateway/exchange.ts";
import { RawClient, startEngine } from "./support/engine.ts";
import { anyStream, validRequest } from "./support/requests.ts";

/** What a reader understood, without the fields that differ by design. */
interface Understood {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** The other reader: node:http, as strict as it can be. */
let node: Server;
let byNode: Understood[] = [];
let byUs: Understood[] = [];

before(async () => {
  node = createServer(
    { requireHostHeader: false, insecureHTTPParser: false },
    (request, response) => {
      const body: Buffer[] = [];
      request.on("data", (piece: Buffer) => body.push(piece));
      request.on("end", () => {
        const { method = "", url = "", rawHeaders } = request;
        const headers = Array.from(
          { length: rawHeaders.length / 2 },
          (_, index) => [rawHeaders[index * 2]?.toLowerCase(), rawHeaders[index * 2 + 1]] as any,
        );
        byNode.push({ method, target: url, headers, body: Buffer.concat(body).toString("latin1") });
        response.end();
      });
    },
  );
  await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
});
after(() => node.close());

async function onExchange(exchange: Exchange): Promise<void> {
  const { method, rawTarget, headers } = exchange;
  const body = Buffer.from(await exchange.body()).toString("latin1");
  byUs.push({ method, target: rawTarget, headers, body });
  exchange.answer(200, [], "");
}

/** Sends a stream to both readers and waits until they are through with it. */
async function readByBoth(ports: { us: number; node: number }, stream: Buffer): Promise<void> {
  byUs = [];
  byNode = [];
  const last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  await Promise.all(
    [ports.us, ports.node].map(async (port) => {
      const client = new RawClient({ port }, { allowHalfOpen: true });
      client.send(stream).send(last).socket.end();
      await client.untilClosed();
    }),
  );
}

test("valid requests are understood as node:http understands them", async (t) => {
  const { port } = await startEngine(t, onExchange);
  const ports = { us: port, node: (node.address() as AddressInfo).port };
  await fc.assert(
    fc.asyncProperty(fc.array(validRequest, { minLength: 1, maxLength: 4 }), async (all) => {
      await readByBoth(ports, Buffer.from(all.join(""), "latin1"));
      assert.equal(byUs.length, all.length + 1);
      assert.deepEqual(byUs, byNode);
    }),
    { numRuns: 200 },
  );
});

test("whatever two readers accept, they understand alike", async (t) => {
  const { port } = await startEngine(t, onExchange);
  const ports = { us: port, node: (node.address() as AddressInfo).port };
  await fc.assert(
    fc.asyncProperty(anyStream, async (stream) => {
      await readByBoth(ports, stream);
      const both = Math.min(byUs.length, byNode.length);
      assert.deepEqual(byUs.slice(0, both), byNode.slice(0, both));
    }),
    { numRuns: 500 },
  );
});
