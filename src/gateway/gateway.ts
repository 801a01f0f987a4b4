/**
 * The HTTP edge: a node like any other that speaks HTTP. Policies of a request, in order:
 *
 *   limits (engine) -> preflights -> platform paths -> route -> rates by address and route -> authenticate and scopes -> rates by caller
 *     -> input -> cache -> forward, or
 *     -> cache -> upstream
 *
 * Each is a file of its own, and either refuses or hands on what the next ones need.
 */
import { type FoundRoute, findRoute, readInput, type Step } from "../http/index.ts";
import { formatHostPort, now } from "../kit/index.ts";
import { advertisedHost, type MeshNode } from "../mesh/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import {
  type AccessRule,
  Authenticator,
  authenticate,
  type ProvenPrincipal,
} from "./auth/index.ts";
import { HttpCache } from "./cache/index.ts";
import { Compressor } from "./compression/index.ts";
import { Cors } from "./cors.ts";
import { answerDocsPage } from "./docs-page/index.ts";
import { loadEdgeCertificates } from "./edge-certificates.ts";
import type { Exchange } from "./exchange.ts";
import { Forward } from "./forward.ts";
import { HeadedExchange } from "./headed-exchange.ts";
import { HttpMetrics } from "./http-metrics.ts";
import { type HttpEngine, listenHttp } from "./listen-http.ts";
import type { UpstreamRoute } from "./open-route.ts";
import { OperationRules } from "./operation-rules.ts";
import { type GatewayOptions, gatewayDefaults } from "./options.ts";
import { answerPlatformPath } from "./platform-paths.ts";
import { Purges } from "./purges.ts";
import { RateLimits, UnknownOperations } from "./rate-limits/index.ts";
import { refuse } from "./refusal.ts";
import { RouteBook } from "./route-book.ts";
import { TrustedProxies } from "./trusted-proxies.ts";
import { UpstreamRoutes } from "./upstream-routes.ts";
import { overWebSocket, webSocketRefusal } from "./web-socket/index.ts";

/** A running gateway. */
export interface Gateway {
  readonly port: number;
  readonly url: string;
  /** Whether an instance of each service can be called now. */
  isReady(services: readonly string[]): boolean;
  /** Stops accepting, lets answers finish (at most 10 s), closes; connections without a request only after `idleMs` (default 0). */
  close(idleMs?: number): Promise<void>;
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
  readonly #metrics: HttpMetrics;
  readonly #routes: RouteBook;
  readonly #forward: Forward;
  readonly #rules: OperationRules;
  readonly #rateLimits: RateLimits;
  readonly #purges: Purges;
  readonly #upstreams: UpstreamRoutes;
  readonly #compressor: Compressor | undefined;
  readonly #cors: Cors | undefined;
  readonly #bodyBytesMax: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#node = options.node;
    this.#logger = options.logger ?? silentLogger;
    this.#authenticator = new Authenticator(options.auth ?? {}, options.node, this.#logger);
    this.#metrics = new HttpMetrics(options.node.metrics);
    const unknown = new UnknownOperations(options.rateLimits ?? [], this.#logger);
    this.#routes = new RouteBook(options.node, this.#logger, (routes) => unknown.look(routes));
    this.#compressor = options.compression && new Compressor(options.compression);
    const cache = new HttpCache({
      bytesMax: (options.cache?.mb ?? gatewayDefaults.cacheMb) * 2 ** 20,
    });
    this.#rules = new OperationRules(options.node, options.routes ?? []);
    this.#forward = new Forward(options.node, this.#rules, cache, this.#logger);
    this.#purges = new Purges({
      ...{ node: options.node, cache, logger: this.#logger },
      contractHashes: () => this.#routes.contractHashes,
    });
    this.#cors = options.cors && new Cors(options.cors);
    this.#rateLimits = new RateLimits(options.rateLimits ?? [], {
      node: options.node,
      redis: options.redis,
      logger: this.#logger,
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
      connections: this.#options.connections,
      onExchange: (exchange) =>
        this.#compressor ? this.#compress(exchange, this.#compressor) : this.#onExchange(exchange),
      certificates,
      proxies: new TrustedProxies(this.#options.trustedProxies ?? []),
    });
    this.#node.announceVouching();
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

  async close(idleMs = 0): Promise<void> {
    const { registry } = this.#node;
    registry.update({ urls: registry.self.urls.filter((url) => url !== this.#announced) });
    await this.#engine?.close(closeMsMax, idleMs);
    this.#routes.close();
    this.#purges.close();
    this.#upstreams.close();
    this.#rateLimits.close();
  }

  async #compress(received: Exchange, compressor: Compressor): Promise<void> {
    const exchange = compressor.wrap(received);
    await this.#onExchange(exchange);
    await exchange.sent;
  }

  async #onExchange(bare: Exchange): Promise<void> {
    const asWanted = this.#upstreams.find(bare, true)
      ? { value: bare }
      : overWebSocket(bare, {
          table: this.#routes.table,
          messageBytesMax: this.#bodyBytesMax,
          allows: (origin) => this.#allows(origin),
        });
    if (asWanted.refusal) return refuse(bare, asWanted.refusal);
    const startedAt = now();
    const exchange = new HeadedExchange(asWanted.value, (answered, status) =>
      this.#metrics.onAnswer(answered, status, startedAt),
    );
    const { node, info } = this.#options;
    this.#cors?.mark(exchange);
    const asked = this.#cors?.askedMethod(exchange);
    if (asked !== undefined)
      return this.#cors?.answerPreflight(exchange, this.#methodsAt(exchange, asked));
    if (answerPlatformPath(exchange, node, this.#routes, info)) return;
    this.#tellDeciding(exchange);
    const particular = this.#upstreams.find(exchange, true);
    if (particular) return this.#proxy(exchange, particular);
    const found = findRoute(this.#routes.table, exchange.method, exchange.target);
    if (found.refusal) {
      const upstream = this.#upstreams.find(exchange, false);
      if (upstream) return this.#proxy(exchange, upstream);
      // A route of the project's own at /docs comes first.
      if (found.refusal.status === 404 && answerDocsPage(exchange)) return;
      return refuse(exchange, found.refusal);
    }
    await this.#serve(exchange, found.value);
  }

  /** A cache in front must not give what one value of a header got to another value (RFC 9110, section 12.5.5). */
  #tellDeciding(exchange: HeadedExchange): void {
    const names = [
      ...this.#upstreams.decidingHeaders(exchange),
      ...this.#rules.decidingHeaders(exchange),
    ];
    if (names.length > 0) exchange.add([["vary", names.join(", ")]]);
  }

  /** What may be asked at a path, as far as it concerns a method; an upstream decides for itself. */
  #methodsAt(exchange: Exchange, asked: string): readonly string[] {
    const match = this.#routes.table.find(asked, exchange.target.segments);
    if (match.kind === "route") return [asked];
    if (this.#upstreams.find(exchange, true) ?? this.#upstreams.find(exchange, false))
      return [asked];
    return match.kind === "method" ? match.allow : [];
  }

  async #serve(exchange: HeadedExchange, { route, parameters }: FoundRoute): Promise<void> {
    const { ref, operation } = route;
    exchange.route = route.path;
    const caller = await this.#admit(exchange, `${ref.service}.${ref.operation}`, operation);
    if (caller.refusal) return refuse(exchange, caller.refusal);
    const input = await readInput(exchange, operation, parameters, this.#bodyBytesMax);
    if (input.refusal) return refuse(exchange, input.refusal);
    const principal = caller.value?.text;
    const rule = this.#rules.find(exchange);
    await this.#forward.send({ exchange, route, principal, input: input.value, rule });
  }

  /** Who calls, if it may, and not too often. Without a rule nobody is asked who it is. */
  async #admit(
    exchange: HeadedExchange,
    operation: string,
    rule: AccessRule | undefined,
  ): Promise<Step<ProvenPrincipal | undefined>> {
    const limited = { remoteAddress: exchange.remoteAddress, operation };
    const arrival = await this.#rateLimits.onArrival(limited);
    exchange.add(arrival.headers);
    if (arrival.refusal) return { refusal: arrival.refusal };
    if (!rule) return { value: undefined };
    const caller = await authenticate(exchange, rule, this.#authenticator);
    if (caller.refusal) return caller;
    const admission = await this.#rateLimits.onCaller(limited, caller.value);
    exchange.add(admission.headers);
    return admission.refusal ? { refusal: admission.refusal } : caller;
  }

  /** Whether pages of this origin may ask. */
  #allows(origin: string): boolean {
    return this.#cors?.allows(origin) ?? false;
  }

  async #proxy(exchange: HeadedExchange, route: UpstreamRoute): Promise<void> {
    exchange.route = route.path;
    const refusal = webSocketRefusal(exchange, (origin) => this.#allows(origin));
    if (refusal) return refuse(exchange, refusal);
    const rule = route.auth === "required" ? route : undefined;
    const caller = await this.#admit(exchange, route.path, rule);
    if (caller.refusal) return refuse(exchange, caller.refusal);
    await this.#upstreams.send(exchange, route);
  }
}
