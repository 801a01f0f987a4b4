/**
 * The port on loopback by which the program calls others: `POST /call/<service>/<operation>` with the input as JSON. It carries a
 * token that only this program knows, because loopback is open to every user of the machine. A call made for a request that is
 * being served names it (`Dure-Request`), and inherits its principal, deadline and trace; a program cannot claim any of them.
 */
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { OperationDescription } from "../contract/index.ts";
import { asError, errorCatalogue, isErrorCode } from "../kit/index.ts";
import {
  type CallParent,
  childHead,
  deadlineMsFor,
  isHedgeable,
  type MeshNode,
} from "../mesh/index.ts";
import { TraceContext } from "../telemetry/index.ts";
import type { CallFailure, OperationRef } from "../wire/index.ts";

/** What the port needs. */
export interface CallPortOptions {
  readonly token: string;
  /** Undefined until the node has started. */
  node(): MeshNode | undefined;
  /** The request that is being served under a handle. */
  requestOf(handle: string): CallParent | undefined;
}

const inputBytesMax = 4 * 1024 * 1024;
const pathPattern = /^\/call\/([A-Za-z][\w-]*)\/([A-Za-z]\w*)$/;

export class CallPort {
  readonly #options: CallPortOptions;
  readonly #server: Server;

  constructor(options: CallPortOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((thrown) =>
        reply(response, 400, { code: "INVALID_ARGUMENT", message: asError(thrown).message }),
      );
    });
  }

  /** Resolves to its port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#isAuthorized(request)) {
      const message = "send the token of DURE_REQUEST_TOKEN: Authorization: Bearer <token>";
      return reply(response, 401, { code: "UNAUTHENTICATED", message });
    }
    const [, service = "", operation = ""] = pathPattern.exec(request.url ?? "") ?? [];
    if (request.method !== "POST" || service === "") {
      const message = "calls are POST /call/<service>/<operation> with the input as JSON";
      return reply(response, 404, { code: "NOT_FOUND", message });
    }
    const body = await readBody(request);
    const node = this.#options.node();
    const found = node && findOperation(node, service, operation);
    if (!node || !found) {
      const message = `no instance offers ${service}.${operation} now`;
      return reply(response, 503, { code: "UNAVAILABLE", message });
    }
    await this.#call(node, found, { request, response, body });
  }

  async #call(
    node: MeshNode,
    { ref, description }: FoundOperation,
    {
      request,
      response,
      body,
    }: { request: IncomingMessage; response: ServerResponse; body: Buffer },
  ): Promise<void> {
    const parent = this.#options.requestOf(String(request.headers["dure-request"] ?? ""));
    const usualMs = description.deadlineMs ?? deadlineMsFor(undefined, ref.service);
    const ownMs = Number(request.headers["dure-deadline-ms"] ?? usualMs);
    const deadlineMs = Math.min(
      Number.isFinite(ownMs) ? ownMs : usualMs,
      parent?.remainingMs() ?? usualMs,
    );
    const head = parent
      ? childHead({}, parent, { deadlineMs, routingKey: undefined })
      : { deadlineMs, trace: traceOf(request) };
    const { isIdempotent } = description;
    const call = node.call({
      ref,
      head,
      body,
      isIdempotent,
      isHedgeable: isHedgeable(description),
    });
    parent?.adopt(call);
    response.on("close", () => call.cancel());
    const outcome = await call.outcome;
    parent?.release(call);
    if (!outcome.ok) return refuse(response, outcome.failure, description);
    const { body: answer } = outcome.response;
    response.writeHead(answer.length === 0 ? 204 : 200, { "content-type": "application/json" });
    response.end(answer);
  }

  #isAuthorized({ headers }: IncomingMessage): boolean {
    const given = Buffer.from(headers.authorization ?? "");
    const expected = Buffer.from(`Bearer ${this.#options.token}`);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

interface FoundOperation {
  readonly ref: OperationRef;
  readonly description: OperationDescription;
}

function findOperation(
  node: MeshNode,
  service: string,
  operation: string,
): FoundOperation | undefined {
  for (const instance of node.registry.instancesOf(service)) {
    const { contractHash } = instance.service;
    const operations = node.contractOf(contractHash)?.operations ?? {};
    const description = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (description && description.kind === "call")
      return { ref: { service, operation, contractHash }, description };
  }
  return undefined;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > inputBytesMax) throw new Error(`the input has more than ${inputBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function traceOf({ headers }: IncomingMessage): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string") return undefined;
  return TraceContext.parse(traceparent, typeof tracestate === "string" ? tracestate : undefined);
}

function refuse(
  response: ServerResponse,
  failure: CallFailure,
  description: OperationDescription,
): void {
  const { code, message, isDeclared } = failure;
  const declared = isDeclared ? description.errors[code]?.status : undefined;
  const status = declared ?? (isErrorCode(code) ? errorCatalogue[code].httpStatus : 502);
  const data = failure.data === undefined ? undefined : JSON.parse(failure.data);
  reply(response, status, { code, message, ...(data === undefined ? {} : { data }) });
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify(body));
}
