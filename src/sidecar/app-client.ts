/**
 * Calls to the program, as HTTP/1.1 on loopback. What it answers is passed on whole or not at all: an answer that breaks off, is
 * longer than it says, or does not end, is a failed call.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { CallContext } from "../contract/index.ts";
import { after, asError, DureError, formatHostPort } from "../kit/index.ts";

/** Where the program is. */
export interface AppAddress {
  /** On this machine. */
  readonly host: string;
  readonly port: number;
  readonly healthPath: string | undefined;
}

/** Largest answer, in bytes: what one message of the mesh may carry. */
const bodyBytesMax = 4 * 1024 * 1024;
const headerBytesMax = 32 * 1024;
const probeMsMax = 1_000;
/** Fields that belong to one connection (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "host",
]);

export class AppClient {
  readonly #address: AppAddress;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });

  constructor(address: AppAddress) {
    this.#address = address;
  }

  /** Whether it accepts connections, or, with a health path, answers there with 200 to 399. */
  async isHealthy(): Promise<boolean> {
    const { host, port, healthPath } = this.#address;
    if (healthPath === undefined) return accepts(this.#address);
    const controller = new AbortController();
    const timer = after(probeMsMax, () => controller.abort());
    try {
      const { signal } = controller;
      const response = await fetch(`http://${formatHostPort({ host, port })}${healthPath}`, {
        signal,
      });
      await response.arrayBuffer();
      return response.status < 400;
    } catch {
      // Not there yet, which is what was asked.
      return false;
    } finally {
      timer.cancel();
    }
  }

  /** Hands a request on. `handle` names it, so that calls which the program makes for it inherit from it. */
  async forward(request: Request, ctx: CallContext, handle: string): Promise<Response> {
    const url = new URL(request.url);
    const body = Buffer.from(await request.arrayBuffer());
    const headers = headersFor(request, ctx, handle);
    if (body.length > 0) headers["content-length"] = String(body.length);
    const answer = await this.#exchange(
      { method: request.method, path: url.pathname + url.search, headers },
      body,
      ctx,
    );
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(
    what: { readonly method: string; readonly path: string; readonly headers: HeaderFields },
    body: Buffer,
    ctx: CallContext,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) =>
        reject(new DureError("UNAVAILABLE", `the program behind the sidecar ${why}`));
      const outgoing = httpRequest({
        ...what,
        host: this.#address.host,
        port: this.#address.port,
        agent: this.#agent,
        maxHeaderSize: headerBytesMax,
        signal: ctx.signal,
      });
      outgoing.on("error", (error) => fail(`did not answer: ${error.message}`));
      // Nobody has asked it to speak another protocol.
      outgoing.on("upgrade", (_response, socket) => {
        socket.destroy();
        fail("switched protocols unasked");
      });
      outgoing.on("response", (response) =>
        collect(response).then(resolve, (thrown) => fail(asError(thrown).message)),
      );
      outgoing.end(body);
    });
  }
}

type HeaderFields = Record<string, string | string[]>;

function headersFor(request: Request, ctx: CallContext, handle: string): HeaderFields {
  const headers: HeaderFields = {};
  for (const [name, value] of request.headers)
    if (!hopByHop.has(name) && name !== "tracestate" && !name.startsWith("dure-"))
      headers[name] = value;
  headers["dure-request"] = handle;
  headers["dure-deadline-ms"] = String(Math.ceil(ctx.remainingMs()));
  headers.traceparent = ctx.traceparent;
  if (ctx.tracestate !== undefined) headers.tracestate = ctx.tracestate;
  if (ctx.principal) {
    // Calls of the program inherit the whole of it by their handle; the proof is none of its business.
    const { proof: _, ...principal } = ctx.principal;
    headers["dure-principal"] = encodeURIComponent(JSON.stringify(principal));
  }
  if (ctx.idempotencyKey) headers["idempotency-key"] = ctx.idempotencyKey;
  return headers;
}

/** The whole answer; rejects where it is not whole. */
async function collect(response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bodyBytesMax) throw new Error(`answered more than ${bodyBytesMax} bytes`);
      chunks.push(chunk);
    }
  } catch (thrown) {
    response.destroy();
    throw new Error(`broke off its answer: ${asError(thrown).message}`);
  }
  if (!response.complete) throw new Error("broke off its answer");
  const headers = new Headers();
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    const name = response.rawHeaders[index] as string;
    if (!hopByHop.has(name.toLowerCase()))
      headers.append(name, response.rawHeaders[index + 1] as string);
  }
  const status = response.statusCode ?? 502;
  const hasBody = status !== 204 && status !== 304;
  return new Response(hasBody ? Buffer.concat(chunks) : null, { status, headers });
}

function accepts({ host, port }: AppAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const end = (isThere: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve(isThere);
    };
    const timer = after(probeMsMax, () => end(false));
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
