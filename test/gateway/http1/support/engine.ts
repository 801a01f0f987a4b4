import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { ConnectionLimits } from "../../../../src/gateway/connection-limits.ts";
import type { EdgeCertificates } from "../../../../src/gateway/edge-certificates.ts";
import type { Exchange } from "../../../../src/gateway/exchange.ts";
import { type HttpEngine, listenHttp } from "../../../../src/gateway/listen-http.ts";
import { TrustedProxies } from "../../../../src/gateway/trusted-proxies.ts";
import { type Logger, silentLogger } from "../../../../src/telemetry/index.ts";

/** An engine that runs until the test ends. */
export async function startEngine(
  t: TestContext,
  onExchange: (exchange: Exchange) => Promise<void>,
  limits: Partial<ConnectionLimits> & {
    bodyBytesMax?: number;
    headerBytesMax?: number;
    trustedProxies?: string[];
    certificates?: EdgeCertificates;
    logger?: Logger;
  } = {},
): Promise<HttpEngine> {
  const {
    bodyBytesMax = 1024 * 1024,
    headerBytesMax = 16 * 1024,
    trustedProxies = [],
    certificates,
    logger = silentLogger,
    ...rest
  } = limits;
  const engine = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    bodyBytesMax,
    headerBytesMax,
    onExchange,
    certificates,
    logger,
    proxies: new TrustedProxies(trustedProxies),
    limits: rest,
  });
  t.after(() => engine.close(0));
  return engine;
}

/** Answers what was asked, so that a test sees what the engine understood. */
export async function echo(exchange: Exchange): Promise<void> {
  const body = await exchange.body();
  exchange.answer(
    200,
    [["content-type", "text/plain"]],
    `${exchange.method} ${exchange.rawTarget} ${Buffer.from(body).toString("latin1")};`,
  );
}

/** A client of which every byte is in the test's hand. */
export class RawClient {
  readonly socket: Socket;
  /** All that came, a character a byte. */
  received = "";
  isClosed = false;
  readonly #listeners = new Set<() => void>();

  constructor(engine: { readonly port: number }, { allowHalfOpen = false } = {}) {
    this.socket = connect({ port: engine.port, host: "127.0.0.1", allowHalfOpen, noDelay: true });
    this.socket.on("data", (bytes: Buffer) => {
      this.received += bytes.toString("latin1");
      this.#tell();
    });
    this.socket.on("end", () => {
      this.isClosed = true;
      this.#tell();
    });
    this.socket.on("close", () => {
      this.isClosed = true;
      this.#tell();
    });
    this.socket.on("error", () => {});
  }

  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }

  /** Resolves with all that came when `pattern` is in it. */
  async until(pattern: RegExp): Promise<string> {
    await this.#when(() => pattern.test(this.received) || this.isClosed);
    if (!pattern.test(this.received)) throw new Error(`closed; so far: ${this.received}`);
    return this.received;
  }

  /** Resolves with all that came when the peer has closed. */
  async untilClosed(): Promise<string> {
    await this.#when(() => this.isClosed);
    this.socket.destroy();
    return this.received;
  }

  async #when(isTrue: () => boolean): Promise<void> {
    if (isTrue()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`nothing in 30 s; so far: ${this.received.slice(0, 500)}`));
      }, 30_000);
      const listener = () => {
        if (!isTrue()) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The status codes of the answers in a text, in order. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
