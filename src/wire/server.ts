/** The listener: accepts links, tells HTTP from frames by the first byte, drains and closes in order. */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { after, afterInBackground, DureError } from "../kit/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import type { IncomingRequest, Peer } from "./incoming.ts";
import { defaultLimits, type WireLimits } from "./limits.ts";
import { ServerLink, type ServerLinkContext } from "./server-link.ts";
import { type TcpByteSocket, tcpTransport } from "./tcp-transport.ts";
import type { Address, ByteSocket, Listener, Transport } from "./transport.ts";
import type { PeerIdentity } from "./types.ts";

/** What a {@link Server} needs. */
export interface ServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly identity: PeerIdentity;
  /** The shared secret of the mesh. Without one, only loopback addresses may be listened on. */
  readonly token?: string | undefined;
  /** Default: TCP. */
  readonly transport?: Transport | undefined;
  readonly limits?: Partial<WireLimits> | undefined;
  readonly logger?: Logger | undefined;
  onRequest(request: IncomingRequest): void;
  /** Takes over a connection that speaks HTTP; without it such a connection is closed. */
  onHttp?: ((socket: Socket) => void) | undefined;
  onLink?: ((peer: Peer) => void) | undefined;
  onLinkClose?: ((peer: Peer, error: DureError) => void) | undefined;
}

const loopbackHosts = new Set(["127.0.0.1", "::1", "localhost"]);

export class Server {
  readonly #options: ServerOptions;
  readonly #limits: WireLimits;
  readonly #logger: Logger;
  readonly #transport: Transport;
  readonly #links = new Set<ServerLink>();
  readonly #undecided = new Set<ByteSocket>();
  #listener: Listener | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#logger = options.logger ?? silentLogger;
    this.#transport = options.transport ?? tcpTransport;
  }

  /** Requests at work on all links. */
  get requestCount(): number {
    let count = 0;
    for (const link of this.#links) count += link.requestCount;
    return count;
  }

  /** Starts listening. Rejects with FAILED_PRECONDITION beyond loopback without a token, ALREADY_EXISTS on a taken port. */
  async listen(): Promise<Address> {
    const { host, port, token } = this.#options;
    const isOpen = !token && !this.#transport.isAuthenticating;
    if (isOpen && !loopbackHosts.has(host)) {
      throw new DureError(
        "FAILED_PRECONDITION",
        `refusing to listen on ${host} without a token: anybody who reaches the port could call everything; set DURE_TOKEN or security.certs, or listen on 127.0.0.1`,
      );
    }
    this.#listener = await this.#transport.listen({ host, port }, (socket) =>
      this.#onSocket(socket),
    );
    return this.#listener.address;
  }

  /**
   * Leaves in order: asks every peer to send nothing more, takes all that was sent, waits for the requests at work (at most
   * `deadlineMs`), then closes. Nothing that a caller sent is lost.
   */
  async drain(deadlineMs = 10_000): Promise<void> {
    let expire = () => {};
    const expired = new Promise<void>((resolve) => {
      expire = resolve;
    });
    const timer = after(deadlineMs, expire);
    const stopListening = this.#listener?.close();
    await Promise.race([Promise.all([...this.#links].map((link) => link.drain())), expired]);
    if (this.requestCount > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      await Promise.race([idle, expired]);
    }
    timer.cancel();
    await this.close();
    await stopListening;
  }

  /** Stops listening and closes all links at once, telling the peers. */
  async close(): Promise<void> {
    const stopListening = this.#listener?.close();
    for (const link of [...this.#links]) link.close("the node is shutting down");
    for (const socket of this.#undecided) socket.destroy();
    await stopListening;
  }

  #onSocket(socket: ByteSocket): void {
    if (this.#links.size + this.#undecided.size >= this.#limits.linksMax) {
      this.#logger.warn("refusing a link: too many are open", { linksMax: this.#limits.linksMax });
      return socket.destroy();
    }
    // One byte tells: frames start with the high bit set, HTTP with a letter.
    this.#undecided.add(socket);
    const timer = afterInBackground(this.#limits.handshakeMsMax, () => socket.destroy());
    let isDecided = false;
    socket.start({
      onData: (chunk) => {
        if (isDecided) return;
        isDecided = true;
        timer.cancel();
        this.#undecided.delete(socket);
        this.#onFirstBytes(socket, chunk);
      },
      onClose: () => {
        timer.cancel();
        this.#undecided.delete(socket);
      },
      onDrain: () => {},
    });
  }

  #onFirstBytes(socket: ByteSocket, chunk: Buffer): void {
    const isHttp = (chunk[0] as number) < 0x80;
    const { onHttp } = this.#options;
    if (isHttp && onHttp && "release" in socket) {
      const released = (socket as TcpByteSocket).release(chunk);
      onHttp(released);
      released.resume();
      return;
    }
    const link = new ServerLink(socket, this.#context);
    this.#links.add(link);
    link.link.start(chunk);
  }

  readonly #context: ServerLinkContext = ((server: Server): ServerLinkContext => ({
    get identity() {
      return server.#options.identity;
    },
    get token() {
      return server.#options.token;
    },
    get limits() {
      return server.#limits;
    },
    onRequest: (request) => server.#options.onRequest(request),
    onReady: (link) => server.#options.onLink?.(link.peer as Peer),
    onClose: (link, error) => {
      server.#links.delete(link);
      if (link.peer) server.#options.onLinkClose?.(link.peer, error);
      server.#onRequestEnd();
    },
    onRequestEnd: () => server.#onRequestEnd(),
  }))(this);

  #onRequestEnd(): void {
    if (this.#onIdle && this.requestCount === 0) this.#onIdle();
  }
}
