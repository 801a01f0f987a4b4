/**
 * The registry server: nodes register over a link and are gone when it is; watchers hear of changes within milliseconds.
 *
 * Owns: the wire server, the directory, the list of watchers. Invariants: (X1) changes wait at most 25 ms for each other, the first one not at
 * all, and are encoded once for all watchers; (X2) a watcher that does not read is dropped and starts again, the others do not wait for it.
 */
import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { afterInBackground, asError, DureError, now, type Timer, wallTime } from "../kit/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import {
  type IncomingRequest,
  type OutgoingStream,
  type Peer,
  Server,
  type Transport,
} from "../wire/index.ts";
import { Directory } from "./core/directory.ts";
import { distributorHttp } from "./distributor-http.ts";
import type { RegisterMessage, WatchMessage, WatchRequest } from "./protocol.ts";
import { type NodeRecord, parseNodeRecord } from "./record.ts";

/** What a Distributor needs. */
export interface DistributorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 9100; 0 for any free port. */
  readonly port?: number | undefined;
  /** The mesh (project) it serves; nodes of another are refused. */
  readonly mesh: string;
  readonly token?: string | undefined;
  readonly transport?: Transport | undefined;
  readonly logger?: Logger | undefined;
}

/** A running Distributor. */
export interface Distributor {
  readonly host: string;
  readonly port: number;
  nodes(): NodeRecord[];
  close(): Promise<void>;
}

/** Registrations held at most; a further one is refused. */
const nodesMax = 10_000;
const batchMs = 25;
/** Messages that may wait for one watcher before it is dropped. */
const watcherQueueMax = 64;

/** Starts a Distributor. Rejects like `Server.listen`: port taken, or beyond loopback without a token. */
export async function createDistributor(options: DistributorOptions): Promise<Distributor> {
  const running = new RunningDistributor(options);
  await running.listen();
  return running;
}

class RunningDistributor implements Distributor {
  host: string;
  port: number;
  readonly #directory = new Directory(crypto.randomUUID());
  readonly #watchers = new Set<OutgoingStream>();
  readonly #httpSockets = new Set<Socket>();
  readonly #logger: Logger;
  readonly #server: Server;
  /** Made for the first who asks over HTTP: every node imports this folder, and few ask. */
  #http: HttpServer | undefined;
  #announcedSeq = 0;
  #announcedAt = Number.NEGATIVE_INFINITY;
  #batchTimer: Timer | undefined;
  #settleTimer: Timer | undefined;

  constructor(options: DistributorOptions) {
    const { host = "127.0.0.1", port = 9100, mesh, token, transport } = options;
    this.host = host;
    this.port = port;
    this.#logger = options.logger ?? silentLogger;
    this.#server = new Server({
      host,
      port,
      identity: {
        mesh,
        nodeId: `distributor-${this.#directory.epoch}`,
        name: "distributor",
        incarnation: 1,
      },
      token,
      transport,
      logger: this.#logger,
      onRequest: (request) => this.#onRequest(request),
      onHttp: (socket) => this.#onHttp(socket),
      onLinkClose: (peer) => this.#onLinkClose(peer),
    });
  }

  async listen(): Promise<void> {
    const address = await this.#server.listen();
    this.port = address.port;
    this.#logger.info("distributor ready", { host: this.host, port: this.port });
  }

  nodes(): NodeRecord[] {
    return this.#directory.records();
  }

  async close(): Promise<void> {
    this.#batchTimer?.cancel();
    this.#settleTimer?.cancel();
    for (const socket of this.#httpSockets) socket.destroy();
    await this.#server.close();
  }

  /** The HTTP server never listens itself, so it does not keep count of its connections. */
  #onHttp(socket: Socket): void {
    this.#httpSockets.add(socket);
    socket.on("close", () => this.#httpSockets.delete(socket));
    // At once, since the socket reads on: an `import()` would lose what comes meanwhile.
    this.#http ??= process.getBuiltinModule("node:http").createServer(distributorHttp(this));
    this.#http.emit("connection", socket);
  }

  #onRequest(request: IncomingRequest): void {
    const { operation } = request.ref;
    const handler = request.ref.service === "distributor" ? this.#handlers[operation] : undefined;
    if (!handler) {
      const names = Object.keys(this.#handlers).join(", ");
      request.fail({
        code: "UNIMPLEMENTED",
        message: `a Distributor offers ${names}; not ${request.ref.service}.${operation}`,
        isStarted: false,
      });
      return;
    }
    try {
      handler(request, JSON.parse(Buffer.from(request.body).toString() || "{}"));
    } catch (thrown) {
      const error =
        thrown instanceof DureError
          ? thrown
          : new DureError("INVALID_ARGUMENT", asError(thrown).message);
      request.fail({ code: error.code, message: error.message, isStarted: true });
    }
  }

  readonly #handlers: Record<string, (request: IncomingRequest, body: unknown) => void> = {
    register: (request, body) => this.#onRegister(request, body),
    update: (request, body) => {
      this.#register(request.peer, parseNodeRecord(body));
      request.respond("{}");
    },
    leave: (request) => {
      this.#directory.leave(request.peer.nodeId, request.peer);
      this.#planBatch();
      request.respond("{}");
    },
    watch: (request, body) => this.#onWatch(request, body as WatchRequest),
    lookup: (request, body) => {
      const { service } = body as { service?: string };
      const nodes = this.nodes().filter(
        (node) => !service || node.services.some(({ name }) => name === service),
      );
      request.respond(JSON.stringify({ nodes, wallTime: wallTime() }));
    },
  };

  #onRegister(request: IncomingRequest, body: unknown): void {
    const { peer } = request;
    const known = this.#register(peer, parseNodeRecord(body));
    const stream = request.stream();
    const say = (message: RegisterMessage) => {
      stream
        .write(JSON.stringify(message))
        .catch((error) => this.#logger.debug("registrant gone", { reason: error.message }));
    };
    if (known !== undefined) {
      say({ kind: "outdated", incarnation: known });
      stream.end();
      return;
    }
    say({ kind: "registered", host: peer.remoteAddress });
  }

  /** The incarnation that is known, where it is higher. */
  #register(peer: Peer, given: NodeRecord): number | undefined {
    if (given.id !== peer.nodeId) {
      throw new DureError(
        "PERMISSION_DENIED",
        `node ${peer.nodeId} cannot speak for node ${given.id}`,
      );
    }
    if (
      this.#directory.records().length >= nodesMax &&
      !this.#directory.records().some(({ id }) => id === given.id)
    ) {
      throw new DureError(
        "RESOURCE_EXHAUSTED",
        `${nodesMax} nodes are registered; a Distributor holds no more`,
      );
    }
    const record = { ...given, host: given.host || peer.remoteAddress };
    const result = this.#directory.register(record, peer);
    if ("knownIncarnation" in result) return result.knownIncarnation;
    if (result.replaced) {
      this.#logger.warn("a newer process took over a node id", { nodeId: record.id });
      (result.replaced as Peer).disconnect(
        "ALREADY_EXISTS",
        `a newer process registered as ${record.id}`,
      );
    }
    this.#planBatch();
    return undefined;
  }

  #onWatch(request: IncomingRequest, { epoch, seq }: WatchRequest): void {
    const stream = request.stream();
    request.onCancel(() => this.#watchers.delete(stream));
    // What is still in the batch goes to the others first, so that everybody is at the same number.
    this.#announce();
    const missed =
      epoch === this.#directory.epoch && seq !== undefined
        ? this.#directory.changesAfter(seq)
        : undefined;
    const message: WatchMessage = missed
      ? {
          kind: "changes",
          epoch: this.#directory.epoch,
          from: seq as number,
          seq: this.#directory.seq,
          changes: missed,
        }
      : {
          kind: "snapshot",
          epoch: this.#directory.epoch,
          seq: this.#directory.seq,
          nodes: this.nodes(),
        };
    this.#tell(stream, JSON.stringify(message));
    this.#watchers.add(stream);
  }

  #onLinkClose(peer: Peer): void {
    this.#directory.ownerGone(peer, now());
    this.#settle();
  }

  #settle(): void {
    const nextAt = this.#directory.settle(now());
    this.#planBatch();
    this.#settleTimer?.cancel();
    if (nextAt !== undefined)
      this.#settleTimer = afterInBackground(nextAt - now(), () => this.#settle());
  }

  /** A change after a quiet time is told at once: a new service is waited for. Those that follow it wait for each other. */
  #planBatch(): void {
    if (this.#directory.seq === this.#announcedSeq) return;
    const waitMs = Math.max(0, this.#announcedAt + batchMs - now());
    this.#batchTimer ??= afterInBackground(waitMs, () => this.#announce());
  }

  #announce(): void {
    this.#batchTimer?.cancel();
    this.#batchTimer = undefined;
    const { epoch, seq } = this.#directory;
    const from = this.#announcedSeq;
    if (seq === from) return;
    this.#announcedSeq = seq;
    this.#announcedAt = now();
    const changes = this.#directory.changesAfter(from) ?? [];
    const encoded = Buffer.from(
      JSON.stringify({ kind: "changes", epoch, from, seq, changes } satisfies WatchMessage),
    );
    for (const watcher of this.#watchers) this.#tell(watcher, encoded);
  }

  #tell(watcher: OutgoingStream, message: string | Buffer): void {
    if (watcher.queuedCount > watcherQueueMax) {
      this.#watchers.delete(watcher);
      watcher.fail({
        code: "RESOURCE_EXHAUSTED",
        message: "the watcher reads too slowly",
        isStarted: true,
      });
      return;
    }
    watcher.write(message).catch(() => this.#watchers.delete(watcher));
  }
}
