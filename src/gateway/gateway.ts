/**
 * The HTTP edge: a node like any other that speaks HTTP. Policies of a request, in order:
 *
 *   limits (engine) -> own pages -> preflights -> platform paths -> route -> rates by address and route -> authenticate and scopes
 *     -> rates by caller -> input -> cache -> forward, or
 *     -> cache -> upstream, or
 *     -> a file
 *
 * Each is a file of its own, and either refuses or hands on what the next ones need.
 */
import {
  type FoundRoute,
  findRoute,
  type Refusal,
  type RequestInput,
  readInput,
  type Step,
} from "../http/index.ts";
import { andThen } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { type Logger, silentLogger, type TraceContext } from "../telemetry/index.ts";
import { Admittance, type Admitted, isForAnyone } from "./admittance.ts";
import { Announcement } from "./announcement.ts";
import { Authenticator } from "./auth/index.ts";
import type { HttpCache } from "./cache/index.ts";
import { Compressor } from "./compression/index.ts";
import { Cors } from "./cors.ts";
import { answerDocsPage } from "./docs-page/index.ts";
import { loadEdgeCertificates } from "./edge-certificates.ts";
import type { Exchange, OnExchange } from "./exchange.ts";
import { FileRoutes, type FoundFile } from "./files/index.ts";
import { Forward } from "./forward.ts";
import { HeadedExchange } from "./headed-exchange.ts";
import { HttpMetrics } from "./http-metrics.ts";
import { HttpSpans } from "./http-span.ts";
import { type HttpEngine, listenHttp } from "./listen-http.ts";
import { openCache } from "./open-cache.ts";
import type { UpstreamRoute } from "./open-route.ts";
import { OperationRules } from "./operation-rules.ts";
import { type GatewayOptions, gatewayDefaults } from "./options.ts";
import { ownPagesHeaders, refusalOfStranger } from "./own-pages.ts";
import { answerPlatformPath } from "./platform-paths.ts";
import { Purges } from "./purges.ts";
import { RateLimits, UnknownOperations } from "./rate-limits/index.ts";
import { refuse } from "./refusal.ts";
import { RepeatedHits } from "./repeated-hits.ts";
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

/** Nothing where the request is answered already. */
type Served = ReturnType<OnExchange>;

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
  #engine: HttpEngine | undefined;
  readonly #announcement: Announcement;
  readonly #metrics: HttpMetrics;
  readonly #spans: HttpSpans;
  readonly #routes: RouteBook;
  readonly #forward: Forward;
  readonly #rules: OperationRules;
  readonly #rateLimits: RateLimits;
  readonly #admittance: Admittance;
  readonly #cache: HttpCache;
  readonly #hits: RepeatedHits;
  readonly #purges: Purges;
  readonly #upstreams: UpstreamRoutes;
  readonly #files: FileRoutes;
  readonly #compressor: Compressor | undefined;
  readonly #cors: Cors | undefined;
  readonly #bodyBytesMax: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#node = options.node;
    this.#logger = options.logger ?? silentLogger;
    this.#announcement = new Announcement(options.node);
    const authenticator = new Authenticator(options.auth ?? {}, options.node, this.#logger);
    this.#metrics = new HttpMetrics(options.node.metrics);
    this.#spans = new HttpSpans(options.node);
    const unknown = new UnknownOperations(options.rateLimits ?? [], this.#logger);
    this.#routes = new RouteBook(options.node, this.#logger, (routes) => unknown.look(routes));
    this.#files = new FileRoutes(options.files ?? [], this.#logger);
    this.#compressor = options.compression && new Compressor(options.compression);
    this.#cache = openCache(options, this.#logger);
    this.#rules = new OperationRules(options.node, options.routes ?? []);
    const parts = { routes: this.#routes, cache: this.#cache, metrics: this.#metrics };
    this.#hits = new RepeatedHits({ ...parts, spans: this.#spans });
    const sharing = { cache: this.#cache, hits: this.#hits, logger: this.#logger };
    this.#forward = new Forward(options.node, this.#rules, sharing);
    this.#purges = new Purges({
      ...{ node: options.node, answers: this.#cache.store, logger: this.#logger },
      contractHashes: () => this.#routes.contractHashes,
    });
    this.#cors = options.cors && new Cors(options.cors);
    this.#rateLimits = new RateLimits(options.rateLimits ?? [], {
      node: options.node,
      redis: options.redis,
      logger: this.#logger,
    });
    this.#admittance = new Admittance(this.#rateLimits, authenticator);
    this.#bodyBytesMax = options.limits?.bodyBytesMax ?? gatewayDefaults.bodyBytesMax;
    const { routes = [] } = options;
    this.#upstreams = new UpstreamRoutes(routes, { ...sharing, bodyBytesMax: this.#bodyBytesMax });
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
      ...{ host, port, limits, certificates, logger: this.#logger },
      bodyBytesMax: this.#bodyBytesMax,
      headerBytesMax: limits?.headerBytesMax ?? gatewayDefaults.headerBytesMax,
      connections: this.#options.connections,
      onExchange: (exchange) =>
        this.#compressor ? this.#compress(exchange, this.#compressor) : this.#onExchange(exchange),
      proxies: new TrustedProxies(this.#options.trustedProxies ?? []),
    });
    this.#node.vouching.announce();
    this.#announcement.begin(tls ? "https" : "http", { host, port: this.port });
    this.#logger.info("gateway ready", { url: this.url });
  }

  isReady(services: readonly string[]): boolean {
    return services.every((service) => this.#routes.canCall(service));
  }

  async close(idleMs = 0): Promise<void> {
    this.#announcement.end();
    await this.#engine?.close(closeMsMax, idleMs);
    this.#routes.close();
    this.#purges.close();
    this.#upstreams.close();
    this.#rateLimits.close();
    await this.#cache.close();
  }

  async #compress(received: Exchange, compressor: Compressor): Promise<void> {
    const exchange = compressor.wrap(received);
    await this.#onExchange(exchange);
    await exchange.sent;
  }

  #onExchange(bare: Exchange): Served {
    if (this.#hits.answer(bare)) return;
    const particular = this.#upstreams.find(bare, true);
    const asWanted = particular
      ? { value: bare }
      : overWebSocket(bare, {
          table: this.#routes.table,
          messageBytesMax: this.#bodyBytesMax,
          allows: (origin) => this.#allows(origin),
        });
    if (asWanted.refusal) return refuse(bare, asWanted.refusal);
    const exchange = new HeadedExchange(asWanted.value, this.#metrics);
    const { node, info, ownPages } = this.#options;
    if (ownPages) {
      exchange.add(ownPagesHeaders);
      const refusal = refusalOfStranger(exchange, ownPages);
      if (refusal) return refuse(exchange, refusal);
    }
    this.#cors?.mark(exchange);
    const asked = this.#cors?.askedMethod(exchange);
    if (asked !== undefined)
      return this.#cors?.answerPreflight(exchange, this.#methodsAt(exchange, asked));
    if (answerPlatformPath(exchange, node, this.#routes, info)) return;
    this.#tellDeciding(exchange);
    if (particular) return this.#proxy(exchange, particular);
    const found = findRoute(this.#routes.table, exchange.method, exchange.target);
    if (found.refusal) return this.#beyondContracts(exchange, found.refusal);
    exchange.route = found.value.route.path;
    return this.#spans.run(exchange, (trace) => this.#serve(exchange, found.value, trace));
  }

  /** What no contract answers: a file, an HTTP server, the reference page, the page of an application; in this order. */
  #beyondContracts(exchange: HeadedExchange, refusal: Refusal): Served {
    const mayBeFile = refusal.status === 404 && !this.#files.isEmpty;
    const upstream = this.#upstreams.find(exchange, false);
    if (upstream && !mayBeFile) return this.#proxy(exchange, upstream);
    return this.#findFile(exchange, refusal, upstream);
  }

  async #findFile(
    exchange: HeadedExchange,
    refusal: Refusal,
    upstream: UpstreamRoute | undefined,
  ): Promise<void> {
    const isNowhere = refusal.status === 404;
    const file = isNowhere ? await this.#files.find(exchange) : undefined;
    if (file) return this.#sendFile(exchange, file);
    if (upstream) return this.#proxy(exchange, upstream);
    // A route of the project's own at /docs comes first.
    if (isNowhere && answerDocsPage(exchange)) return;
    const page = isNowhere ? await this.#files.findPage(exchange) : undefined;
    if (page) return this.#sendFile(exchange, page);
    refuse(exchange, refusal);
  }

  async #sendFile(exchange: HeadedExchange, file: FoundFile): Promise<void> {
    exchange.route = file.path;
    const caller = await this.#admittance.admit(exchange, file.path, undefined);
    if (!caller.refusal) return file.send(exchange);
    await file.close();
    refuse(exchange, caller.refusal);
  }

  /** A cache in front must not give what one value of a header got to another value (RFC 9110, section 12.5.5). */
  #tellDeciding(exchange: HeadedExchange): void {
    const ofServers = this.#upstreams.decidingHeaders(exchange);
    const names = ofServers.concat(this.#rules.decidingHeaders(exchange));
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

  #serve(exchange: HeadedExchange, { route, parameters }: FoundRoute, trace: TraceContext): Served {
    const { ref, operation } = route;
    const admitted = this.#admittance.admit(exchange, `${ref.service}.${ref.operation}`, operation);
    exchange.isForAnyone = isForAnyone(admitted);
    return andThen<Admitted, void>(admitted, (caller) => {
      if (caller.refusal) return refuse(exchange, caller.refusal);
      const read = readInput(exchange, operation, parameters, this.#bodyBytesMax);
      return andThen<Step<RequestInput>, void>(read, (input) => {
        if (input.refusal) return refuse(exchange, input.refusal);
        const principal = caller.value?.text;
        const rule = this.#rules.find(exchange);
        return this.#forward.send({ exchange, route, principal, input: input.value, rule, trace });
      });
    });
  }

  /** Whether pages of this origin may ask. */
  #allows(origin: string): boolean {
    return this.#cors?.allows(origin) ?? false;
  }

  #proxy(exchange: HeadedExchange, route: UpstreamRoute): Served {
    exchange.route = route.path;
    return this.#spans.run(exchange, (trace) => this.#pass(exchange, route, trace));
  }

  #pass(exchange: HeadedExchange, route: UpstreamRoute, trace: TraceContext): Served {
    const refusal = webSocketRefusal(exchange, (origin) => this.#allows(origin));
    if (refusal) return refuse(exchange, refusal);
    const rule = route.auth === "required" ? route : undefined;
    const admitted = this.#admittance.admit(exchange, route.path, rule);
    // A file could be there by now, and would come first.
    exchange.isForAnyone = isForAnyone(admitted) && this.#files.isEmpty;
    return andThen<Admitted, void>(admitted, (caller) => {
      if (caller.refusal) return refuse(exchange, caller.refusal);
      return this.#upstreams.send(exchange, route, trace);
    });
  }
}
