/**
 * Two readers of HTTP/1.1 behind one interface, over pairs of streams in memory: our connections, and node:http as the reference.
 * No sockets and no timers, so that a machine reads some thousand connections a second and every run of a seed is the same.
 */
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { connectionDefaults } from "../../../../src/gateway/connection-limits.ts";
import type { ConnectionOwner } from "../../../../src/gateway/connection-owner.ts";
import type { Exchange } from "../../../../src/gateway/exchange.ts";
import { AnswerHeads } from "../../../../src/gateway/http1/answer-head.ts";
import { Connection } from "../../../../src/gateway/http1/connection.ts";
import { TrustedProxies } from "../../../../src/gateway/trusted-proxies.ts";

/** What a reader understood of one request. */
interface Understood {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** What a reader made of one connection's bytes. */
export interface Reading {
  readonly requests: Understood[];
  /** Why the parser of node:http refused what came next: llhttp's code. */
  refusal: string | undefined;
  /** All that it answered. */
  answers: string;
  /** Whether it has ended the connection; otherwise it waits for more bytes. */
  hasEnded: boolean;
}

/** Reads a connection's bytes; {@link Reading} is complete when nothing moves any more. */
export interface Reader {
  read(bytes: Buffer): Reading;
}

/** Counts everything that moves, so that a test knows when nothing does. */
export const activity = { count: 0 };

const readings = new WeakMap<object, Reading>();

function open(serve: (socket: Duplex) => void, bytes: Buffer): Reading {
  const [client, served] = duplexPair();
  const reading: Reading = { requests: [], refusal: undefined, answers: "", hasEnded: false };
  readings.set(served, reading);
  client.on("data", (piece: Buffer) => {
    activity.count += 1;
    reading.answers += piece.toString("latin1");
  });
  client.on("end", () => {
    activity.count += 1;
    reading.hasEnded = true;
  });
  client.on("error", () => {});
  served.on("error", () => {});
  serve(served);
  client.write(bytes);
  return reading;
}

/** Our engine's connections. */
export function ownReader(): Reader {
  return {
    read(bytes) {
      let reading: Reading | undefined;
      const owner: ConnectionOwner = {
        limits: connectionDefaults,
        headerBytesMax: 16 * 1024,
        bodyBytesMax: 1024 * 1024,
        heads: new AnswerHeads(),
        proxies: new TrustedProxies([]),
        endsNext: () => false,
        onClosed() {},
        onFailed() {},
        onExchange: async (exchange: Exchange) => {
          const { method, rawTarget: target, headers } = exchange;
          const body = Buffer.from(await exchange.body()).toString("latin1");
          activity.count += 1;
          reading?.requests.push({ method, target, headers, body });
          exchange.answer(200, [], "");
        },
      };
      reading = open((socket) => new Connection(socket as Socket, owner), bytes);
      return reading;
    },
  };
}

/** Why a reader refused, in its own words; undefined if it has not. `HEAD` is refused without words, and node:http refuses some so. */
export function refusalIn({ refusal, answers }: Reading): string | undefined {
  // More bytes behind the last request of a connection: both throw them away.
  if (refusal !== undefined && refusal !== "HPE_CLOSED_CONNECTION") return refusal;
  const detail = /"detail":"((?:[^"\\]|\\.)*)"/.exec(answers)?.[1];
  const status = [...answers.matchAll(/HTTP\/1\.1 ([45]\d\d) /g)].at(-1)?.[1];
  return detail ?? (status === undefined ? undefined : `status ${status}`);
}

/** node:http, as strict as it can be, with its timeouts switched off. */
export function referenceReader(): Reader & { readonly server: Server } {
  const server = createServer({
    insecureHTTPParser: false,
    requireHostHeader: true,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
  });
  server.on("request", (request, response) => {
    const reading = readings.get(request.socket);
    const body: Buffer[] = [];
    request.on("data", (piece: Buffer) => body.push(piece));
    request.on("error", () => {});
    request.on("end", () => {
      activity.count += 1;
      const { method = "", url = "", rawHeaders } = request;
      const headers = Array.from(
        { length: rawHeaders.length / 2 },
        (_, index) =>
          [rawHeaders[index * 2]?.toLowerCase() ?? "", rawHeaders[index * 2 + 1] ?? ""] as const,
      );
      const text = Buffer.concat(body).toString("latin1");
      // Our engine answers it itself.
      if (method === "OPTIONS" && url === "*") return void response.end();
      const target = url.replace(/^https?:\/\/[^/?]*\/?/i, "/");
      reading?.requests.push({ method, target, headers, body: text });
      response.end();
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    activity.count += 1;
    const reading = readings.get(socket);
    // Not destroyed: the requests before the refused one are told in later turns.
    if (reading) reading.refusal ??= error.code ?? error.message;
  });
  return { server, read: (bytes) => open((socket) => server.emit("connection", socket), bytes) };
}
