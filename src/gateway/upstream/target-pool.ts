/** The connections to one target: kept while they are unused, bounded, the last used one first. */
import { connect } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { afterInBackground, type HostPort, type Timer } from "../../kit/index.ts";
import type { UpstreamLimits } from "./limits.ts";
import { UpstreamConnection, type UpstreamConnectionOwner } from "./upstream-connection.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import { dialFailure } from "./upstream-tls.ts";

interface Waiting {
  readonly resolve: (connection: UpstreamConnection | undefined) => void;
}

export class TargetPool implements UpstreamConnectionOwner {
  readonly #address: HostPort;
  readonly #tls: (() => ConnectionOptions) | undefined;
  readonly #limits: UpstreamLimits;
  readonly #idle = new Map<UpstreamConnection, Timer>();
  readonly #open = new Set<UpstreamConnection>();
  readonly #longLived = new Set<UpstreamConnection>();
  readonly #waiting: Waiting[] = [];
  #dialling = 0;

  /** @param tls what the next connection is made with; absent: plain HTTP. */
  constructor(
    address: HostPort,
    tls: (() => ConnectionOptions) | undefined,
    limits: UpstreamLimits,
  ) {
    this.#address = address;
    this.#tls = tls;
    this.#limits = limits;
  }

  /** A connection nobody uses. Rejects with an {@link UpstreamFailure} of a request that was not sent. */
  async take(): Promise<UpstreamConnection> {
    for (;;) {
      const idle = this.#takeIdle();
      if (idle) return idle;
      if (this.#open.size + this.#dialling < this.#limits.connectionsMax) return this.#dial();
      if (this.#waiting.length >= this.#limits.waitingMax)
        throw new UpstreamFailure(
          503,
          `${this.#waiting.length} requests wait for it already`,
          "no",
        );
      const given = await new Promise<UpstreamConnection | undefined>((resolve) => {
        this.#waiting.push({ resolve });
      });
      if (given?.isOpen) return given;
    }
  }

  onIdle(connection: UpstreamConnection): void {
    const next = this.#waiting.shift();
    if (next) return next.resolve(connection);
    const timer = afterInBackground(this.#limits.keepAliveMs, () => connection.destroy());
    this.#idle.set(connection, timer);
  }

  /** WebSockets and streams of events on their way. */
  get longLivedCount(): number {
    return this.#longLived.size;
  }

  onLongLived(connection: UpstreamConnection): void {
    if (this.#longLived.size >= this.#limits.longLivedMax) return;
    this.#open.delete(connection);
    this.#longLived.add(connection);
    this.#waiting.shift()?.resolve(undefined);
  }

  onClosed(connection: UpstreamConnection): void {
    this.#idle.get(connection)?.cancel();
    this.#idle.delete(connection);
    this.#open.delete(connection);
    this.#longLived.delete(connection);
    this.#waiting.shift()?.resolve(undefined);
  }

  close(): void {
    for (const connection of [...this.#open, ...this.#longLived]) connection.destroy();
  }

  #takeIdle(): UpstreamConnection | undefined {
    const [connection, timer] = [...this.#idle].at(-1) ?? [];
    if (!connection) return undefined;
    timer?.cancel();
    this.#idle.delete(connection);
    return connection.isOpen ? connection : this.#takeIdle();
  }

  #dial(): Promise<UpstreamConnection> {
    const { host, port } = this.#address;
    this.#dialling += 1;
    return new Promise((resolve, reject) => {
      const tls = this.#tls;
      const socket = tls
        ? connectTls({ ...tls(), host, port, noDelay: true } as ConnectionOptions)
        : connect({ host, port, noDelay: true });
      const fail = (reason: string) => {
        if (timer) timer.cancel();
        socket.off("error", onError).on("error", () => {});
        socket.destroy();
        this.#dialling -= 1;
        this.#waiting.shift()?.resolve(undefined);
        reject(new UpstreamFailure(502, reason, "no"));
      };
      const onError = (error: Error) => fail(dialFailure(error));
      const { connectMsMax } = this.#limits;
      const timer = afterInBackground(connectMsMax, () =>
        fail(`no connection within ${connectMsMax} ms`),
      );
      socket.once("error", onError).once(tls ? "secureConnect" : "connect", () => {
        timer.cancel();
        socket.off("error", onError);
        this.#dialling -= 1;
        const connection = new UpstreamConnection(socket, this.#limits, this);
        this.#open.add(connection);
        resolve(connection);
      });
    });
  }
}
