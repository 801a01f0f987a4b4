/**
 * Loaded before a program that `dure cluster` clones: its first server that listens on a port gets its connections by the
 * supervisor, which holds that port for all clones. Everything else of the program stays as it is.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, Server, type Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import { ClosingPace, now, type OpenConnections, sleep } from "../../kit/index.ts";
import { obeySupervisor } from "../../supervisor/index.ts";
import { markAnswer } from "./mark-answer.ts";
import type { CloneSpec, ListenAnswer, ListenQuestion } from "./messages.ts";
import { cookieOf } from "./request-head.ts";

/** Of the time to drain so much is left for the last answers, in ms. */
const lastMs = 1_000;
/** It is looked so often whether all requests are through, in ms. */
const lookMs = 20;

const link = await obeySupervisor();
const { cookie } = link.spec as CloneSpec;
const listenItself = Server.prototype.listen;
let isShared = false;

Server.prototype.listen = function listen(this: Server, ...args: any[]): Server {
  const question = questionOf(this, args);
  if (!question || isShared) return listenItself.apply(this, args as never);
  isShared = true;
  const onListening = args.at(-1);
  if (typeof onListening === "function") this.once("listening", onListening);
  void share(this, question);
  return this;
};

/** The port and address that `listen` is asked for; undefined for a socket file or a handle. */
function questionOf(server: Server, [first, second]: readonly any[]): ListenQuestion | undefined {
  const options =
    typeof first === "object" && first !== null ? first : { port: first, host: second };
  const port = Number(options.port ?? 0);
  if (options.path !== undefined || options.fd !== undefined || !Number.isInteger(port))
    return undefined;
  const host = typeof options.host === "string" ? options.host : "0.0.0.0";
  return { port, host, isPlainHttp: isHttp(server) && !(server instanceof TlsServer) };
}

/** Whether it is one of `node:http` or `node:https`. */
function isHttp(server: Server): boolean {
  return "closeIdleConnections" in server;
}

async function share(server: Server, question: ListenQuestion): Promise<void> {
  const answer = (await link.ask(question)) as ListenAnswer;
  if (answer.port === undefined) {
    const error = new Error(answer.message);
    server.emit("error", Object.assign(error, { code: answer.code }));
    return;
  }
  const { port } = answer;
  const address: AddressInfo = { address: question.host, port, family: "IPv4" };
  server.address = () => address;
  Object.defineProperty(server, "listening", { get: () => true });
  const work = new Work(server);
  link.onConnection((socket, isMixed) => work.take(socket, isMixed));
  link.onStop((isReplaced) => work.end(isReplaced ? link.drainMs - lastMs : 0));
  server.emit("listening");
  link.ready({ host: question.host, port });
}

/** Connections and requests of a server that is to end without losing one. */
class Work implements OpenConnections {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those on which the next request may be of a client that another clone has. */
  readonly #mixed = new WeakSet<Socket>();
  readonly #isHttp: boolean;
  #requestCount = 0;
  #pace: ClosingPace | undefined;

  constructor(server: Server) {
    this.#server = server;
    this.#isHttp = isHttp(server);
    server.prependListener("request", (request, response) => this.#onRequest(request, response));
  }

  get openCount(): number {
    return this.#sockets.size;
  }

  get busyCount(): number {
    return this.#requestCount;
  }

  take(socket: Socket, isMixed: boolean): void {
    this.#sockets.add(socket);
    if (isMixed) this.#mixed.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    this.#server.emit("connection", socket);
  }

  /** Gives requests away evenly. Resolves when all are answered, and connections without one are gone or `idleMs` are over. */
  async end(idleMs: number): Promise<void> {
    this.#pace = new ClosingPace(now(), idleMs);
    const idleUntil = now() + idleMs;
    while (this.#isBusy() || (this.#sockets.size > 0 && now() < idleUntil)) await sleep(lookMs);
  }

  #onRequest({ headers, socket }: IncomingMessage, response: ServerResponse): void {
    this.#requestCount += 1;
    const isLast = this.#pace?.endsNext(now(), this) || this.#mixed.has(socket);
    // The last answer of its connection: clients take another for what follows.
    if (isLast) response.shouldKeepAlive = false;
    if (cookie && cookieOf(headers.cookie, cookie.name) !== cookie.value)
      markAnswer(response, cookie);
    response.once("close", () => {
      this.#requestCount -= 1;
    });
  }

  #isBusy(): boolean {
    return this.#isHttp ? this.#requestCount > 0 : this.#sockets.size > 0;
  }
}
