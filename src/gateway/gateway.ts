/**
 * The HTTP edge: a node like any other that speaks HTTP. Policies of a request, in order:
 *
 *   limits (engine) -> platform paths -> route -> authenticate -> scopes -> body -> call -> answer
 *
 * Bodies pass as bytes in both directions; only the handler's side parses them.
 */
import type { ContractDescription, Principal } from "../contract/index.ts";
import { toOpenApi } from "../contract/index.ts";
import { random } from "../kit/index.ts";
import { callOptionsFor, type MeshNode } from "../mesh/index.ts";
import {
  childOf,
  formatTraceparent,
  type Logger,
  newTrace,
  parseTraceparent,
  silentLogger,
} from "../telemetry/index.ts";
import type { CallFailure, RequestHead, Response } from "../wire/index.ts";
import { failureProblem, gatewayProblem, type Problem } from "./core/problem.ts";
import { type Route, RouteTable } from "./core/route-table.ts";
import type { Exchange } from "./exchange.ts";
import { type HttpEngine, listenHttp } from "./http-engine.ts";
import { JwtVerifier } from "./jwt.ts";
import { type GatewayOptions, gatewayDefaults } from "./options.ts";
import { rawHead, rawResponseHeaders } from "./raw.ts";

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
const idempotencyKeyPattern = /^[\x21-\x7e]{1,200}$/;
const jsonPattern = /^application\/(?:[\w.+-]+\+)?json(?:\s*;.*)?$/i;

/** Starts a gateway. Rejects with ALREADY_EXISTS for a taken port. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new RunningGateway(options);
  await gateway.listen();
  return gateway;
}

class RunningGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #node: MeshNode;
  readonly #logger: Logger;
  readonly #jwt: JwtVerifier;
  readonly #stopListening: (() => void)[];
  #engine: HttpEngine | undefined;
  #table = new RouteTable([]);
  #tableKey = "";

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#node = options.node;
    this.#logger = options.logger ?? silentLogger;
    this.#jwt = new JwtVerifier(options.auth, options.node, this.#logger);
    const rebuild = () => this.#rebuild();
    this.#stopListening = [
      options.node.registry.onChange(rebuild),
      options.node.onContracts(rebuild),
    ];
    this.#rebuild();
  }

  get port(): number {
    return this.#engine?.port ?? 0;
  }

  get url(): string {
    return `http://${this.#options.host ?? gatewayDefaults.host}:${this.port}`;
  }

  async listen(): Promise<void> {
    const { host = gatewayDefaults.host, port = gatewayDefaults.port, limits } = this.#options;
    this.#engine = await listenHttp({
      host,
      port,
      bodyBytesMax: limits?.bodyBytesMax ?? gatewayDefaults.bodyBytesMax,
      headerBytesMax: limits?.headerBytesMax ?? gatewayDefaults.headerBytesMax,
      onExchange: (exchange) => this.#onExchange(exchange),
    });
    this.#logger.info("gateway ready", { url: this.url });
  }

  isReady(services: readonly string[]): boolean {
    const { registry } = this.#node;
    return services.every((service) => {
      const instances = registry.instancesOf(service);
      return instances.some(
        ({ service: offered }) => this.#node.contractOf(offered.contractHash) !== undefined,
      );
    });
  }

  async close(): Promise<void> {
    for (const stop of this.#stopListening) stop();
    await this.#engine?.close(closeMsMax);
  }

  /** One table per change, swapped whole. Services without an instance keep their routes: they are 503, not 404. */
  #rebuild(): void {
    const hashes = new Map<string, { startedAt: number; version: string; name: string }>();
    for (const { record } of this.#node.registry.nodes()) {
      for (const { contractHash, name, version } of record.services) {
        const known = hashes.get(contractHash);
        if (!known || known.startedAt > record.startedAt)
          hashes.set(contractHash, { startedAt: record.startedAt, version, name });
      }
    }
    const known = [...hashes].flatMap(([hash, seen]) => {
      const description = this.#node.contractOf(hash);
      return description ? [{ hash, description, ...seen }] : [];
    });
    const key = known
      .map(({ hash }) => hash)
      .sort()
      .join();
    // A service that left keeps its last routes until another contract of that name takes their place.
    if (key === this.#tableKey || (known.length === 0 && this.#tableKey !== "")) return;
    this.#tableKey = key;
    const firstSeen = new Map<string, number>();
    for (const { name, startedAt } of known)
      firstSeen.set(name, Math.min(firstSeen.get(name) ?? startedAt, startedAt));
    known.sort((left, right) =>
      left.name === right.name
        ? right.version.localeCompare(left.version, undefined, { numeric: true })
        : (firstSeen.get(left.name) ?? 0) - (firstSeen.get(right.name) ?? 0) ||
          (left.name < right.name ? -1 : 1),
    );
    const missing = this.#table.routes.filter(({ ref }) => !firstSeen.has(ref.service));
    this.#table = new RouteTable([...known, ...retained(missing)]);
    for (const conflict of this.#table.conflicts) {
      this.#logger.error(
        "two contracts claim one route; the later one is not reachable over HTTP",
        { ...conflict },
      );
    }
    this.#logger.info("routes", { count: this.#table.routes.length });
  }

  async #onExchange(exchange: Exchange): Promise<void> {
    if (this.#answerPlatformPath(exchange)) return;
    const { method, target } = exchange;
    const match = this.#table.find(method, target.segments);
    if (match.kind === "none")
      return this.#refuse(exchange, 404, `nothing is offered at ${target.path}`);
    if (match.kind === "method") {
      const allow = match.allow.includes("GET") ? [...match.allow, "HEAD"] : match.allow;
      return this.#refuse(exchange, 405, `${target.path} takes ${allow.join(", ")}`, [
        ["allow", allow.join(", ")],
      ]);
    }
    const { route, parameters } = match;
    const principal = await this.#authenticate(exchange, route);
    if (principal === "refused") return;
    const body = await this.#readBody(exchange, route);
    if (body === undefined) return;
    const idempotencyKey = exchange.header("idempotency-key");
    if (
      idempotencyKey === undefined
        ? route.operation.idempotencyKey === "required"
        : !idempotencyKeyPattern.test(idempotencyKey)
    ) {
      const detail =
        "this operation needs the header Idempotency-Key: 1 to 200 visible characters, a new one for each intent";
      const problem = {
        ...gatewayProblem(400, detail, this.#place(exchange)),
        errors: [{ field: "Idempotency-Key", message: "is missing or not valid" }],
      };
      return sendProblem(exchange, problem);
    }
    await this.#call(exchange, route, {
      parameters,
      body,
      principal: principal?.text,
      idempotencyKey,
    });
  }

  async #call(
    exchange: Exchange,
    route: Route,
    what: {
      parameters: Readonly<Record<string, string>>;
      body: Uint8Array;
      principal: string | undefined;
      idempotencyKey: string | undefined;
    },
  ): Promise<void> {
    const { operation, ref } = route;
    const isRaw = operation.kind === "raw";
    const deadlineMs = operation.deadlineMs ?? callOptionsFor(undefined, ref.service).deadlineMs;
    const params = isRaw ? undefined : paramsText(what.parameters, exchange.target.query);
    if (params === null) {
      return this.#refuse(exchange, 400, "a name is given in the path and again in the query");
    }
    const head: RequestHead = {
      deadlineMs,
      traceparent: traceFor(exchange),
      params,
      principal: what.principal,
      idempotencyKey: what.idempotencyKey,
      http: isRaw ? rawHead(exchange) : undefined,
    };
    const call = this.#node.call({
      ref,
      head,
      body: what.body,
      isIdempotent: operation.isIdempotent,
    });
    exchange.onAbort(() => call.cancel());
    const outcome = await call.outcome;
    if (outcome.ok) return this.#succeed(exchange, route, outcome.response);
    if (outcome.failure.code === "CANCELLED") return;
    this.#fail(exchange, route, outcome.failure);
  }

  #succeed(exchange: Exchange, route: Route, response: Response): void {
    if (route.operation.kind === "raw") {
      return exchange.answer(
        response.status ?? 200,
        rawResponseHeaders(response.headers),
        response.body,
      );
    }
    const status = response.status ?? route.operation.http?.status ?? 200;
    exchange.answer(
      status,
      status === 204 ? [] : [["content-type", "application/json"]],
      response.body,
    );
  }

  #fail(exchange: Exchange, route: Route, failure: CallFailure): void {
    const problem = failureProblem(failure, route.operation, this.#place(exchange));
    if (problem.status >= 500) {
      this.#logger.warn("a call failed", {
        operation: `${route.ref.service}.${route.ref.operation}`,
        code: failure.code,
        reason: failure.message,
        requestId: exchange.requestId,
      });
    }
    sendProblem(
      exchange,
      problem,
      problem.status === 503 || problem.status === 429 ? [["retry-after", "1"]] : [],
    );
  }

  /** Layer: authenticate, then scopes. */
  async #authenticate(
    exchange: Exchange,
    { operation }: Route,
  ): Promise<{ principal: Principal; text: string } | undefined | "refused"> {
    const result = await this.#jwt.authenticate(exchange.header("authorization"));
    if (result.kind === "refused" || (result.kind === "none" && operation.auth !== "public")) {
      const detail =
        result.kind === "refused" ? result.reason : "this operation needs a bearer token";
      const challenge = result.kind === "refused" ? 'Bearer error="invalid_token"' : "Bearer";
      this.#refuse(exchange, 401, detail, [["www-authenticate", challenge]]);
      return "refused";
    }
    if (result.kind === "unavailable") {
      this.#refuse(exchange, 503, result.reason, [["retry-after", "1"]]);
      return "refused";
    }
    if (result.kind === "none") return undefined;
    const missing = operation.scopes.filter((scope) => !result.principal.scopes.includes(scope));
    if (missing.length > 0) {
      this.#refuse(exchange, 403, `this needs the scope ${missing.join(", ")}`);
      return "refused";
    }
    return result;
  }

  /** The body, after its type is checked; undefined if the request was refused. */
  async #readBody(exchange: Exchange, { operation }: Route): Promise<Uint8Array | undefined> {
    if (!exchange.hasBody) return noBody;
    if (operation.kind === "call" && !jsonPattern.test(exchange.header("content-type") ?? "")) {
      this.#refuse(
        exchange,
        415,
        `send application/json, not ${exchange.header("content-type") ?? "a body without a content type"}`,
      );
      return undefined;
    }
    return exchange.body();
  }

  #answerPlatformPath(exchange: Exchange): boolean {
    const { target, method } = exchange;
    if (target.segments.length !== 1 || (method !== "GET" && method !== "HEAD")) return false;
    const json = (status: number, body: unknown) => {
      exchange.answer(
        status,
        [
          ["content-type", "application/json"],
          ["cache-control", "no-store"],
        ],
        JSON.stringify(body),
      );
      return true;
    };
    switch (target.segments[0]) {
      case "healthz":
        return json(200, { status: "ok" });
      case "readyz": {
        const isReady = this.#node.registry.isSynced() && this.#table.routes.length > 0;
        return json(isReady ? 200 : 503, { status: isReady ? "ready" : "no routes are known yet" });
      }
      case "openapi.json":
        return json(200, this.#openApi());
      default:
        return false;
    }
  }

  #openApi(): object {
    const byHash = new Map(this.#table.routes.map(({ ref }) => [ref.contractHash, ref]));
    const contracts = [...byHash.keys()].flatMap((hash) => this.#node.contractOf(hash) ?? []);
    const { title = "API", version = "1.0.0" } = this.#options.info ?? {};
    return toOpenApi(contracts, { title, version });
  }

  #refuse(
    exchange: Exchange,
    status: number,
    detail: string,
    headers: readonly (readonly [string, string])[] = [],
  ): void {
    sendProblem(exchange, gatewayProblem(status, detail, this.#place(exchange)), headers);
  }

  #place(exchange: Exchange): { requestId: string; path: string } {
    return { requestId: exchange.requestId, path: exchange.target.path };
  }
}

const noBody = new Uint8Array(0);

function sendProblem(
  exchange: Exchange,
  problem: Problem,
  headers: readonly (readonly [string, string])[] = [],
): void {
  exchange.answer(
    problem.status,
    [["content-type", "application/problem+json"], ...headers],
    JSON.stringify(problem),
  );
}

/** Path and query together as JSON text; null where a name is in both. */
function paramsText(
  parameters: Readonly<Record<string, string>>,
  query: Exchange["target"]["query"],
): string | undefined | null {
  const names = Object.keys(query);
  if (names.length === 0 && Object.keys(parameters).length === 0) return undefined;
  if (names.some((name) => Object.hasOwn(parameters, name))) return null;
  return JSON.stringify({ ...query, ...parameters });
}

function traceFor(exchange: Exchange): string {
  const parent = parseTraceparent(exchange.header("traceparent") ?? "");
  return formatTraceparent(parent ? childOf(parent, random) : newTrace(random));
}

/** Routes of services that left, as contracts again. */
function retained(routes: readonly Route[]): { description: ContractDescription; hash: string }[] {
  const byHash = new Map<string, Route[]>();
  for (const route of routes)
    byHash.set(route.ref.contractHash, [...(byHash.get(route.ref.contractHash) ?? []), route]);
  return [...byHash].map(([hash, kept]) => ({
    hash,
    description: {
      name: kept[0]?.ref.service ?? "",
      version: "",
      events: {},
      operations: Object.fromEntries(kept.map(({ ref, operation }) => [ref.operation, operation])),
    },
  }));
}
