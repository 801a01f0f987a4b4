/**
 * HTTP/1.1 through `node:http`, with what it lets pass refused: duplicate or malformed Host, ambiguous targets, too many fields.
 * Turns each request into an {@link Exchange}; knows nothing of routes.
 */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterInBackground, DureError } from "../kit/index.ts";
import { gatewayProblem, type Problem } from "./core/problem.ts";
import { parseTarget, type Target } from "./core/target.ts";
import { BodyTooLarge, ClientGone, type Exchange, type OnExchange } from "./exchange.ts";
import { gatewayDefaults } from "./options.ts";

/** What the engine needs. */
export interface HttpEngineOptions {
  readonly host: string;
  readonly port: number;
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  readonly onExchange: OnExchange;
}

/** A listening engine. */
export interface HttpEngine {
  readonly port: number;
  /** Stops accepting, lets answers finish, then closes; after `deadlineMs` all that is left is cut off. */
  close(deadlineMs: number): Promise<void>;
}

const hostPattern = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/;
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Starts listening. Rejects with ALREADY_EXISTS for a taken port. */
export async function listenHttp(options: HttpEngineOptions): Promise<HttpEngine> {
  const server = createServer({
    maxHeaderSize: options.headerBytesMax,
    headersTimeout: gatewayDefaults.headersMsMax,
    requestTimeout: gatewayDefaults.requestMsMax,
    keepAliveTimeout: gatewayDefaults.keepAliveMs,
    connectionsCheckingInterval: 1_000,
    // Checked in refusalOf, so that the answer is a problem document.
    requireHostHeader: false,
    noDelay: true,
  });
  server.maxHeadersCount = gatewayDefaults.headersMax * 2;
  let isClosing = false;
  server.on("request", (request, response) =>
    onRequest(request, response, options, () => isClosing),
  );
  server.on("clientError", onClientError);
  await listen(server, options);
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    async close(deadlineMs) {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = afterInBackground(deadlineMs, () => server.closeAllConnections());
      await closed;
      timer.cancel();
    },
  };
}

function listen(server: Server, { host, port }: HttpEngineOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      const message = isTaken
        ? `port ${port} on ${host} is taken by another process; choose another`
        : `cannot listen on ${host}:${port}: ${error.message}`;
      reject(
        new DureError(isTaken ? "ALREADY_EXISTS" : "UNAVAILABLE", message, {
          cause: error,
          details: { port, reason: error.code },
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
}

function onRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpEngineOptions,
  isClosing: () => boolean,
): void {
  const given = request.headers["x-request-id"];
  const requestId =
    typeof given === "string" && requestIdPattern.test(given) ? given : randomUUID();
  if (isClosing()) response.setHeader("connection", "close");
  const target = parseTarget(request.url ?? "");
  const refusal = "status" in target ? target : refusalOf(request, options);
  if (refusal || "status" in target) {
    const { status, detail } = refusal ?? { status: 400, detail: "" };
    return refuse(response, gatewayProblem(status, detail, { requestId, path: "/" }));
  }
  const exchange = new NodeExchange(request, response, {
    requestId,
    target,
    bodyBytesMax: options.bodyBytesMax,
  });
  options.onExchange(exchange).catch((error: Error) => {
    if (error instanceof ClientGone) return;
    const isTooLarge = error instanceof BodyTooLarge;
    const detail = isTooLarge
      ? `the body is larger than ${options.bodyBytesMax} bytes`
      : "the gateway failed; its log says why";
    refuse(
      response,
      gatewayProblem(isTooLarge ? 413 : 500, detail, { requestId, path: target.path }),
    );
  });
}

/** What `node:http` lets through and RFC 9112 does not. */
function refusalOf(
  request: IncomingMessage,
  { bodyBytesMax }: HttpEngineOptions,
): { status: number; detail: string } | undefined {
  const { rawHeaders } = request;
  if (rawHeaders.length / 2 > gatewayDefaults.headersMax) {
    return {
      status: 431,
      detail: `the request has more than ${gatewayDefaults.headersMax} header fields`,
    };
  }
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === "host") hosts += 1;
  }
  const host = request.headers.host ?? "";
  if (hosts > 1 || (request.httpVersion === "1.1" && !hostPattern.test(host))) {
    return { status: 400, detail: "the request needs exactly one valid Host header" };
  }
  const encoding = request.headers["transfer-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "chunked") {
    return {
      status: 400,
      detail: `transfer-encoding "${encoding}" is not supported; only chunked is`,
    };
  }
  const length = Number(request.headers["content-length"] ?? 0);
  if (length > bodyBytesMax)
    return { status: 413, detail: `the body has ${length} bytes; the limit is ${bodyBytesMax}` };
  return undefined;
}

/** Answers with a problem and closes: what follows on this connection may be the rest of what was refused. */
function refuse(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(problem.status, {
    "content-type": "application/problem+json",
    "x-request-id": problem.requestId,
    connection: "close",
  });
  response.end(JSON.stringify(problem));
  // A client that is still sending its body would wait for room that nobody makes; it gets a moment to read the answer.
  const { socket } = response;
  if (socket) afterInBackground(500, () => socket.destroy());
}

/** Bytes that are not a request: answered on the bare socket. */
function onClientError(
  error: NodeJS.ErrnoException & { bytesParsed?: number },
  socket: Socket,
): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? 431
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? 408
        : 400;
  const detail =
    status === 431
      ? "the request's head is too large"
      : status === 408
        ? "the request took too long"
        : "this is not a valid HTTP/1.1 request";
  const problem = gatewayProblem(status, detail, { requestId: randomUUID(), path: "/" });
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

class NodeExchange implements Exchange {
  readonly requestId: string;
  readonly method: string;
  readonly target: Target;
  readonly rawTarget: string;
  readonly host: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #bodyBytesMax: number;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    what: { requestId: string; target: Target; bodyBytesMax: number },
  ) {
    this.#request = request;
    this.#response = response;
    this.requestId = what.requestId;
    this.target = what.target;
    this.#bodyBytesMax = what.bodyBytesMax;
    this.method = request.method ?? "GET";
    this.rawTarget = request.url ?? "/";
    this.host = request.headers.host ?? "localhost";
  }

  get headers(): readonly (readonly [string, string])[] {
    const { rawHeaders } = this.#request;
    return Array.from(
      { length: rawHeaders.length / 2 },
      (_, index) =>
        [
          (rawHeaders[index * 2] as string).toLowerCase(),
          rawHeaders[index * 2 + 1] as string,
        ] as const,
    );
  }

  get remoteAddress(): string {
    return this.#request.socket.remoteAddress ?? "";
  }

  get hasBody(): boolean {
    const { headers } = this.#request;
    return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  body(): Promise<Uint8Array> {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > this.#bodyBytesMax) {
          request.pause();
          reject(new BodyTooLarge());
        } else chunks.push(chunk);
      });
      request.on("end", () =>
        resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)),
      );
      request.on("close", () => reject(new ClientGone()));
      request.on("error", () => reject(new ClientGone()));
    });
  }

  onAbort(listener: () => void): void {
    this.#response.on("close", () => {
      if (!this.#response.writableFinished) listener();
    });
  }

  answer(
    status: number,
    headers: readonly (readonly [string, string])[],
    body: Uint8Array | string,
  ): void {
    const response = this.#response;
    if (response.destroyed) return;
    const flat: string[] = [];
    for (const [name, value] of headers) flat.push(name, value);
    if (status !== 204 && status !== 304)
      flat.push("content-length", String(Buffer.byteLength(body)));
    flat.push("x-request-id", this.requestId);
    if (response.getHeader("connection") === "close") flat.push("connection", "close");
    response.writeHead(status, flat);
    response.end(this.method === "HEAD" || status === 204 || status === 304 ? undefined : body);
  }
}
