/**
 * The HTTP edge: a node like any other that speaks HTTP. Policies of a request, in order:
 *
 *   limits (engine) -> platform paths -> route -> authenticate and scopes -> input -> cache -> forward, or
 *                                                                                  -> cache -> upstream
 *
 * Each is a file of its own, and either refuses or hands on what the next ones need.
 */
import { findRoute, readInput } from "../http/index.ts";
import { formatHostPort } from "../kit/index.ts";
import { advertisedHost, type MeshNode } from "../mesh/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { Authenticator, authenticate } from "./auth/index.ts";
import { HttpCache } from "./cache/index.ts";
import { answerDocsPage } from "./docs-page/index.ts";
import { loadEdgeCertificates } from "./edge-certificates.ts";
import type { Exchange } from "./exchange.ts";
import { Forward } from "./forward.ts";
import { type HttpEngine, listenHttp } from "./http1/index.ts";
import { type GatewayOptions, gatewayDefaults } from "./options.ts";
import { answerPlatformPath } from "./platform-paths.ts";
import { Purges } from "./purges.ts";
import { refuse } from "./refusal.ts";
import { RouteBook } from "./route-book.ts";
import { TrustedProxies } from "./trusted-proxies.ts";
import { type UpstreamRoute, UpstreamRoutes } from "./upstream-routes.ts";

/** A running gateway. */
export interface Gateway {
  readonly port: number;
  readonly url: string;
  /** Whether an instance of each service can be called now. */
  isReady(services: readonly string[]): boolean;
  /** Stops accepting, lets answers finish (at most 10 s), closes. */
  close(): Promise<void>;
}

const closeMsMax = 10_000;

/** Starts a gateway. Rejects with ALREADY_EXISTS for a taken port, INVALID_ARGUMENT for options that would not protect anything. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new RunningGateway(options);
  await gateway.listen();
  return gateway;
}

class RunningGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #node: MeshNode;
  readonly #logger: Logger;
  readonly #authenticator: Authenticator;
  #engine: HttpEngine | undefined;
  #announced: string | undefined;
  readonly #routes: RouteBook;
  readonly #forward: Forward;
  readonly #purges: Purges;
  readonly #upstreams: UpstreamRoutes;
  readonly #bodyBytesMax: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#node = options.node;
    this.#logger = options.logger ?? silentLogger;
    this.#authenticator = new Authenticator(options.auth ?? {}, options.node, this.#logger);
    this.#routes = new RouteBook(options.node, this.#logger);
    const cache = new HttpCache({
      bytesMax: (options.cache?.mb ?? gatewayDefaults.cacheMb) * 2 ** 20,
    });
    this.#forward = new Forward(options.node, cache, this.#logger);
    this.#purges = new Purges({
      ...{ node: options.node, cache, logger: this.#logger },
      contractHashes: () => this.#routes.contractHashes,
    });
    this.#bodyBytesMax = options.limits?.bodyBytesMax ?? gatewayDefaults.bodyBytesMax;
    this.#upstreams = new UpstreamRoutes(options.routes ?? [], {
      cache,
      bodyBytesMax: this.#bodyBytesMax,
      logger: this.#logger,
    });
  }

  get port(): number {
    return this.#engine?.port ?? 0;
  }

  get url(): string {
    const scheme = this.#options.tls ? "https" : "http";
    return `${scheme}://${this.#options.host ?? gatewayDefaults.host}:${this.port}`;
  }

  async listen(): Promise<void> {
    const { host = gatewayDefaults.host, port = gatewayDefaults.port, limits, tls } = this.#options;
    const certificates = tls && (await loadEdgeCertificates([tls].flat(), this.#logger));
    this.#engine = await listenHttp({
      host,
      port,
      bodyBytesMax: this.#bodyBytesMax,
      headerBytesMax: limits?.headerBytesMax ?? gatewayDefaults.headerBytesMax,
      limits,
      onExchange: (exchange) => this.#onExchange(exchange),
      certificates,
      proxies: new TrustedProxies(this.#options.trustedProxies ?? []),
    });
    this.#announce();
    this.#logger.info("gateway ready", { url: this.url });
  }

  isReady(services: readonly string[]): boolean {
    const { registry } = this.#node;
    const own = new Set(registry.self.services.map(({ name }) => name));
    return services.every((service) => {
      if (own.has(service)) return true;
      const instances = registry.instancesOf(service);
      return instances.some(
        ({ service: offered }) => this.#node.contractOf(offered.contractHash) !== undefined,
      );
    });
  }

  /** Tells the registry where it answers, for proxies before it and whoever looks for it. */
  #announce(): void {
    const { registry } = this.#node;
    const address = advertisedHost(this.#options.host ?? gatewayDefaults.host);
    const host = address === "" ? registry.self.host : address;
    if (host === "") return;
    const scheme = this.#options.tls ? "https" : "http";
    this.#announced = `${scheme}://${formatHostPort({ host, port: this.port })}`;
    registry.update({ urls: [...registry.self.urls, this.#announced] });
  }

  async close(): Promise<void> {
    const { registry } = this.#node;
    registry.update({ urls: registry.self.urls.filter((url) => url !== this.#announced) });
    this.#routes.close();
    this.#purges.close();
    await this.#engine?.close(closeMsMax);
    this.#upstreams.close();
  }

  async #onExchange(exchange: Exchange): Promise<void> {
    const { node, info } = this.#options;
    if (answerPlatformPath(exchange, node, this.#routes, info)) return;
    const found = findRoute(this.#routes.table, exchange.method, exchange.target);
    if (found.refusal) {
      const upstream = this.#upstreams.find(exchange.target);
      if (upstream) return this.#proxy(exchange, upstream);
      // A route of the project's own at /docs comes first.
      if (found.refusal.status === 404 && answerDocsPage(exchange)) return;
      return refuse(exchange, found.refusal);
    }
    const { route, parameters } = found.value;
    const caller = await authenticate(exchange, route.operation, this.#authenticator);
    if (caller.refusal) return refuse(exchange, caller.refusal);
    const input = await readInput(exchange, route.operation, parameters, this.#bodyBytesMax);
    if (input.refusal) return refuse(exchange, input.refusal);
    const principal = caller.value?.text;
    await this.#forward.send({ exchange, route, principal, input: input.value });
  }

  async #proxy(exchange: Exchange, route: UpstreamRoute): Promise<void> {
    if (route.auth === "required") {
      const caller = await authenticate(exchange, route, this.#authenticator);
      if (caller.refusal) return refuse(exchange, caller.refusal);
    }
    await this.#upstreams.send(exchange, route);
  }
}
