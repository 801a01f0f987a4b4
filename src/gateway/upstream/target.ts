import { now, parseHostPort, random } from "../../kit/index.ts";
import { Breaker, defaultBreaker } from "../../mesh/index.ts";
import type { Answer } from "../answer.ts";
import type { UpstreamLimits } from "./limits.ts";
import { TargetPool } from "./target-pool.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import type { UpstreamRequest } from "./upstream-request.ts";
import type { UpstreamTls } from "./upstream-tls.ts";

/** Failed checks in a row that take a target out. */
const failedChecksMax = 2;

/** One address of an upstream, and what is known of its health. */
export class Target {
  /** `host:port`. */
  readonly name: string;
  readonly #pool: TargetPool;
  readonly #breaker = new Breaker(defaultBreaker, random);
  #pending = 0;
  #failedChecks = 0;

  /** @param url `http://host:port` or `https://host:port`, checked. */
  constructor(url: string, tls: UpstreamTls, limits: UpstreamLimits) {
    const { protocol, hostname, port } = new URL(url);
    const isSecure = protocol === "https:";
    this.name = `${hostname}:${port || (isSecure ? 443 : 80)}`;
    const address = parseHostPort(this.name) ?? { host: hostname, port: Number(port) };
    const secure = isSecure ? () => tls.optionsFor(address.host) : undefined;
    this.#pool = new TargetPool(address, secure, limits);
  }

  /** Requests at work. */
  get pending(): number {
    return this.#pending;
  }

  /** WebSockets and streams of events on their way. */
  get longLived(): number {
    return this.#pool.longLivedCount;
  }

  /** Whether requests should go there. */
  get isHealthy(): boolean {
    return this.#failedChecks < failedChecksMax && this.#breaker.admits(now());
  }

  /** Sends a request; the outcome counts for the target's health unless nobody waits for it. */
  async send(request: UpstreamRequest, answerMsMax: number): Promise<Answer> {
    this.#pending += 1;
    this.#breaker.onSend(now());
    try {
      const connection = await this.#take(request);
      const answer = await connection.send(request, answerMsMax);
      this.#breaker.onSuccess(now());
      return answer;
    } catch (thrown) {
      const isItsFault = thrown instanceof UpstreamFailure && !request.signal.aborted;
      if (isItsFault) this.#breaker.onFailure(now(), true);
      else this.#breaker.onNeither();
      throw thrown;
    } finally {
      this.#pending -= 1;
    }
  }

  /** What a health check found. */
  onCheck(isHealthy: boolean): void {
    this.#failedChecks = isHealthy ? 0 : this.#failedChecks + 1;
  }

  close(): void {
    this.#pool.close();
  }

  async #take({ signal }: UpstreamRequest): Promise<UpstreamConnection> {
    const connection = await this.#pool.take();
    if (!signal.aborted) return connection;
    this.#pool.onIdle(connection);
    throw signal.reason;
  }
}
