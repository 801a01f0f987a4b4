/**
 * An HTTP server that is not on the mesh, at one address or several. Of two random healthy targets the one with less to do gets a
 * request ("The Power of Two Choices in Randomized Load Balancing", Mitzenmacher 2001); if none is healthy, all are tried.
 *
 * A request goes elsewhere only if that is harmless: it was surely not sent, or it is idempotent and no answer began; never after
 * a byte of its body was taken from the client; at most twice, and within a budget.
 */
import { every, now, random, randomInt, type Timer } from "../../kit/index.ts";
import { defaultRetryBudget, hashOf, RetryBudget } from "../../mesh/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { type Answer, isPiecewise } from "../answer.ts";
import { type UpstreamLimits, upstreamLimits } from "./limits.ts";
import { Target } from "./target.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import type { UpstreamRequest } from "./upstream-request.ts";
import { UpstreamTls, type UpstreamTlsOptions } from "./upstream-tls.ts";

const attemptsMax = 3;
/** RFC 9110, section 9.2.2. */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
const checkMsMax = 2_000;

/** What an upstream is made of. */
export interface UpstreamOptions {
  /** `http://host:port`, `https://host:port`. */
  readonly urls: readonly string[];
  readonly tls?: UpstreamTlsOptions | undefined;
  /** The answer must begin within this time. */
  readonly deadlineMs: number;
  readonly health?: { readonly path: string; readonly everyMs: number } | undefined;
  readonly logger: Logger;
}

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #targets: readonly Target[];
  readonly #budget = new RetryBudget(defaultRetryBudget, now());
  readonly #checks: Timer | undefined;
  readonly #tls: UpstreamTls;

  /** Throws FAILED_PRECONDITION for files that cannot be used. */
  constructor(options: UpstreamOptions, limits: Partial<UpstreamLimits> = {}) {
    this.#options = options;
    const all = { ...upstreamLimits, ...limits };
    this.#tls = new UpstreamTls(options.tls ?? {}, options.logger);
    this.#targets = options.urls.map((url) => new Target(url, this.#tls, all));
    if (options.health) this.#checks = every(options.health.everyMs, () => this.#check());
  }

  /** The names of the targets that requests go to now. */
  get healthy(): readonly string[] {
    return this.#targets.filter(({ isHealthy }) => isHealthy).map(({ name }) => name);
  }

  /** `stickyKey`: requests of one key go to one target. Rejects with {@link UpstreamFailure}, or with what the body of the request throws. */
  async send(request: UpstreamRequest, stickyKey?: string): Promise<Answer> {
    const tried: Target[] = [];
    const body = onceTaken(request);
    this.#budget.onCall(now());
    for (;;) {
      const target = this.#pick(tried, request, stickyKey);
      tried.push(target);
      try {
        return await target.send(body.request, this.#options.deadlineMs);
      } catch (thrown) {
        if (!(thrown instanceof UpstreamFailure)) throw thrown;
        const mayRepeat = thrown.sent === "no" || isHarmless(request, thrown);
        const mayRetry = mayRepeat && !body.isTaken() && !request.signal.aborted;
        if (mayRetry && tried.length < attemptsMax && this.#budget.tryTake(now())) continue;
        const message = `${target.name}: ${thrown.message}`;
        throw new UpstreamFailure(thrown.status, message, thrown.sent);
      }
    }
  }

  close(): void {
    this.#checks?.cancel();
    this.#tls.close();
    for (const target of this.#targets) target.close();
  }

  /** Many WebSockets may be idle, so they are spread by their number and not weighed against requests. */
  #pick(
    tried: readonly Target[],
    { webSocket }: UpstreamRequest,
    stickyKey: string | undefined,
  ): Target {
    const fresh = this.#targets.filter((target) => !tried.includes(target));
    const candidates = fresh.length > 0 ? fresh : this.#targets;
    const healthy = candidates.filter(({ isHealthy }) => isHealthy);
    const pool = healthy.length > 0 ? healthy : candidates;
    if (stickyKey !== undefined) return ownerOf(stickyKey, pool);
    const first = pool[randomInt(pool.length)] as Target;
    const second = pool[randomInt(pool.length)] as Target;
    const loadOf = (target: Target) => (webSocket ? target.longLived : target.pending);
    if (loadOf(first) === loadOf(second)) return random() < 0.5 ? first : second;
    return loadOf(first) < loadOf(second) ? first : second;
  }

  #check(): void {
    const { health } = this.#options;
    for (const target of health ? this.#targets : []) {
      const request: UpstreamRequest = {
        method: "GET",
        scheme: "http",
        target: health?.path ?? "/",
        host: target.name,
        headers: [],
        body: undefined,
        signal: new AbortController().signal,
      };
      target.send(request, checkMsMax).then(
        ({ status, body }) => {
          if (isPiecewise(body)) body.cancel();
          target.onCheck(status >= 200 && status < 400);
        },
        () => target.onCheck(false),
      );
    }
  }
}

/** The same target for the same key while it is there; rendezvous hashing (Thaler and Ravishankar, 1998), so that others stay where they are. */
function ownerOf(key: string, targets: readonly Target[]): Target {
  const scores = targets.map((target) => ({ target, score: hashOf(`${key} ${target.name}`) }));
  return scores.reduce((best, each) => (each.score > best.score ? each : best)).target;
}

/** Whether a second execution does no harm, and a second attempt may help: time that ran out does not come back. */
function isHarmless({ method }: UpstreamRequest, { status }: UpstreamFailure): boolean {
  return idempotentMethods.has(method) && status === 502;
}

/** The request, and whether anything of its body was taken: that cannot be sent twice. */
function onceTaken(request: UpstreamRequest): {
  request: UpstreamRequest;
  isTaken: () => boolean;
} {
  const { body } = request;
  if (!body) return { request, isTaken: () => false };
  let isTaken = false;
  const pieces = () => {
    isTaken = true;
    return body.pieces();
  };
  return { request: { ...request, body: { ...body, pieces } }, isTaken: () => isTaken };
}
