/**
 * Which pages of other origins may read answers (Fetch Standard, section 3.3, "CORS protocol"). The gateway answers preflight requests;
 * nothing behind it hears of them. It is browsers that obey: this keeps no other client out.
 */
import { DureError } from "../kit/index.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import type { CorsOptions } from "./options.ts";
import { refuse } from "./refusal.ts";

/** Headers that pages may send without being listed: those that the gateway itself reads. */
const headersRead = ["authorization", "content-type", "idempotency-key", "traceparent"];
/** Headers that pages may read without being listed: those that the gateway itself writes. */
const headersWritten = ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"];
/** How long browsers may remember a preflight's answer, in s. */
const maxAgeS = 600;
const fieldPrefix = "access-control-";

export class Cors {
  readonly #origins: ReadonlySet<string>;
  readonly #options: CorsOptions;
  readonly #exposed: string;
  readonly #allowed: string;

  /** Throws INVALID_ARGUMENT for what is no origin, and for credentials that any page could use. */
  constructor(options: CorsOptions) {
    checkCors(options);
    this.#options = options;
    this.#origins = new Set(options.origins);
    this.#exposed = [...headersWritten, ...(options.exposedHeaders ?? [])].join(", ");
    this.#allowed = [...headersRead, ...(options.headers ?? [])].join(", ");
  }

  /** Lets the page that asks read the answer, if it may. What services say of it themselves does not count. */
  mark(exchange: HeadedExchange): void {
    exchange.drop(fieldPrefix);
    const allowed = this.#allowedOrigin(exchange);
    if (allowed !== "*") exchange.add([["vary", "Origin"]]);
    if (allowed === undefined) return;
    exchange.add([
      [`${fieldPrefix}allow-origin`, allowed],
      [`${fieldPrefix}expose-headers`, this.#exposed],
    ]);
    if (this.#options.credentials) exchange.add([[`${fieldPrefix}allow-credentials`, "true"]]);
  }

  /** The method that a browser asks for before it sends a request; undefined for any other request. */
  askedMethod(exchange: HeadedExchange): string | undefined {
    if (exchange.method !== "OPTIONS" || exchange.header("origin") === undefined) return undefined;
    return exchange.header(`${fieldPrefix}request-method`);
  }

  /** Answers the browser's question. `methods`: those of the path; empty where nothing is offered there. */
  answerPreflight(exchange: HeadedExchange, methods: readonly string[]): void {
    const origin = exchange.header("origin");
    if (this.#allowedOrigin(exchange) === undefined) {
      const detail = `pages of ${origin} may not call this; gateway.cors.origins says whose may`;
      return refuse(exchange, { status: 403, detail });
    }
    if (methods.length === 0) {
      const detail = `nothing is offered at ${exchange.target.path}`;
      return refuse(exchange, { status: 404, detail });
    }
    exchange.add([
      [`${fieldPrefix}allow-methods`, methods.join(", ")],
      [`${fieldPrefix}allow-headers`, this.#allowed],
      [`${fieldPrefix}max-age`, String(this.#options.maxAgeS ?? maxAgeS)],
    ]);
    exchange.answer(204, [], "");
  }

  /** Whether pages of an origin may read answers. */
  allows(origin: string): boolean {
    return this.#origins.has("*") || this.#origins.has(origin);
  }

  #allowedOrigin(exchange: HeadedExchange): string | undefined {
    if (this.#origins.has("*")) return "*";
    const origin = exchange.header("origin");
    return origin !== undefined && this.#origins.has(origin) ? origin : undefined;
  }
}

function checkCors({ origins, credentials = false }: CorsOptions): void {
  const refuseOptions = (reason: string): never => {
    throw new DureError("INVALID_ARGUMENT", `gateway.cors: ${reason}`);
  };
  if (origins.length === 0) refuseOptions("it needs an origin, or should be left out");
  if (origins.includes("*")) {
    if (origins.length > 1) refuseOptions('"*" is every origin; leave the others out');
    if (credentials) refuseOptions('with credentials the origins must be named, not "*"');
    return;
  }
  const wrong = origins.find((origin) => !isOrigin(origin));
  if (wrong !== undefined)
    refuseOptions(`"${wrong}" is no origin; write it as "https://shop.example" or with a port`);
}

/** As browsers write it: without a path, in lower case, without the scheme's own port. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
