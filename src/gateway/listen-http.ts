/**
 * The edge's port: plain HTTP/1.1, or TLS with HTTP/2 and HTTP/1.1, whichever a client offers (ALPN). Each connection is read by the
 * engine for its protocol, which turns each request into an Exchange; nothing here knows of routes.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { BodyRefused } from "../http/index.ts";
import {
  afterInBackground,
  asError,
  ClosingPace,
  DureError,
  every,
  now,
  type OpenConnections,
  type Timer,
} from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type ConnectionLimits, connectionDefaults } from "./connection-limits.ts";
import type { ConnectionOwner, EdgeConnection } from "./connection-owner.ts";
import type { EdgeCertificates } from "./edge-certificates.ts";
import { ClientGone, type Exchange, type OnExchange } from "./exchange.ts";
import { AnswerHeads, Connection } from "./http1/index.ts";
import { Http2Connection } from "./http2/index.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Gives connections that somebody else accepted. */
export type ConnectionSource = (take: (socket: Socket) => void) => void;

/** What the engine needs. */
export interface HttpEngineOptions {
  readonly host: string;
  readonly port: number;
  /** Largest body that is kept whole. */
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  readonly onExchange: OnExchange;
  readonly proxies: TrustedProxies;
  readonly logger: Logger;
  /** Absent: plain HTTP. */
  readonly certificates?: EdgeCertificates | undefined;
  readonly limits?: Partial<ConnectionLimits> | undefined;
  /** In place of listening. */
  readonly connections?: ConnectionSource | undefined;
}

/** A listening engine. */
export interface HttpEngine {
  readonly port: number;
  /**
   * Stops accepting, lets answers finish, then closes; after `deadlineMs` all that is left is cut off. Connections without a request
   * are kept for `idleMs`, for one more: a client that sends just now must not find its connection closed. Where there is such a time,
   * those in use end at a pace that gives requests away evenly, so that whoever takes over does not get them all at once.
   */
  close(deadlineMs: number, idleMs?: number): Promise<void>;
}

const sweepMsMin = 10;
const sweepMsMax = 1_000;

/** Starts listening. Rejects with ALREADY_EXISTS for a taken port. */
export async function listenHttp(options: HttpEngineOptions): Promise<HttpEngine> {
  const engine = new Listener(options);
  await engine.listen();
  return engine;
}

class Listener implements HttpEngine, ConnectionOwner, OpenConnections {
  readonly limits: ConnectionLimits;
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
  readonly onExchange: OnExchange;
  readonly proxies: TrustedProxies;
  readonly heads = new AnswerHeads();
  readonly #options: HttpEngineOptions;
  readonly #connections = new Set<EdgeConnection>();
  /** Those in their TLS handshake too. */
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #sweep: Timer | undefined;
  #pace: ClosingPace | undefined;

  constructor(options: HttpEngineOptions) {
    this.#options = options;
    this.limits = { ...connectionDefaults, ...options.limits };
    this.headerBytesMax = options.headerBytesMax;
    this.bodyBytesMax = options.bodyBytesMax;
    this.onExchange = options.onExchange;
    this.proxies = options.proxies;
    this.#server = this.#createServer();
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.maxConnections = this.limits.connectionsMax;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : this.#options.port;
  }

  async listen(): Promise<void> {
    const { host, port, connections } = this.#options;
    if (connections) {
      this.#sweep = this.#startSweep();
      return connections((socket) => this.#adopt(socket));
    }
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => reject(listenError(host, port, error));
      this.#server.once("error", onError);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", onError);
        this.#server.on("error", ({ message }) =>
          this.#options.logger.error("the edge's port failed", { host, port, reason: message }),
        );
        this.#sweep = this.#startSweep();
        resolve();
      });
    });
  }

  endsNext(): boolean {
    return this.#pace?.endsNext(now(), this) ?? false;
  }

  get openCount(): number {
    return this.#connections.size;
  }

  get busyCount(): number {
    return [...this.#connections].filter(({ isBusy }) => isBusy).length;
  }

  onClosed(connection: EdgeConnection): void {
    this.#connections.delete(connection);
  }

  onFailed({ method, rawTarget, requestId }: Exchange, thrown: unknown): void {
    if (thrown instanceof ClientGone || thrown instanceof BodyRefused) return;
    const { message, stack } = asError(thrown);
    const facts = { method, path: rawTarget.split("?")[0], requestId, reason: message, stack };
    this.#options.logger.error("a request failed in the gateway", facts);
  }

  async close(deadlineMs: number, idleMs = 0): Promise<void> {
    this.#pace = new ClosingPace(now(), idleMs);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const endIdle = () => {
      for (const connection of this.#connections) connection.drain();
    };
    const idleTimer = afterInBackground(idleMs, endIdle);
    if (idleMs === 0) endIdle();
    const timer = afterInBackground(deadlineMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    // The listener does not know those that somebody else accepted.
    for (const socket of this.#sockets) {
      await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    }
    idleTimer.cancel();
    timer.cancel();
    this.#sweep?.cancel();
    this.#options.certificates?.close();
  }

  /** One that somebody else accepted is treated as if it had been accepted here. */
  #adopt(socket: Socket): void {
    if (this.#sockets.size >= this.limits.connectionsMax) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.allowHalfOpen = true;
    this.#server.emit("connection", socket);
  }

  #createServer(): Server {
    const { certificates } = this.#options;
    // Half-open: a client may end its side and still read its answer.
    const common = { noDelay: true, allowHalfOpen: true };
    if (!certificates) {
      return createServer(common, (socket) => {
        this.#connections.add(new Connection(socket, this));
      });
    }
    const server = createTlsServer(
      {
        ...common,
        ...certificates.options,
        // Who offers other protocols only is refused, and cannot be made to talk to another server (ALPACA, 2021).
        ALPNProtocols: ["h2", "http/1.1"],
        handshakeTimeout: this.limits.headMsMax,
      },
      (socket) => {
        const Engine = socket.alpnProtocol === "h2" ? Http2Connection : Connection;
        this.#connections.add(new Engine(socket, this));
      },
    );
    // Node tells of handshakes that failed, or took too long, and leaves their sockets open.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    certificates.keepFresh(server);
    return server;
  }

  /** One timer for all that connections wait for. */
  #startSweep(): Timer {
    const { headMsMax, pauseMsMax, keepAliveMs, lingerMs } = this.limits;
    const shortestMs = Math.min(headMsMax, pauseMsMax, keepAliveMs, lingerMs);
    const periodMs = Math.min(Math.max(shortestMs / 4, sweepMsMin), sweepMsMax);
    return every(periodMs, () => {
      for (const connection of this.#connections) connection.charge(periodMs);
    });
  }
}

function listenError(host: string, port: number, error: NodeJS.ErrnoException): DureError {
  const isTaken = error.code === "EADDRINUSE";
  const message = isTaken
    ? `port ${port} on ${host} is taken by another process; choose another`
    : `cannot listen on ${host}:${port}: ${error.message}`;
  return new DureError(isTaken ? "ALREADY_EXISTS" : "UNAVAILABLE", message, {
    cause: error,
    details: { port, reason: error.code },
  });
}
