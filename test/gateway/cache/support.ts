import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { TestContext } from "node:test";
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type RouteOptions,
} from "../../../src/gateway/index.ts";
import { installScheduler, type Timer } from "../../../src/kit/index.ts";
import { createNode, type MeshNode } from "../../../src/mesh/index.ts";
import { until } from "../../support/until.ts";
import { startOrigin } from "../upstream/support.ts";

/** What the origin says. */
export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

/** What a client got. */
export interface Got {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The gateway's word on it: `hit`, or `fwd=` and the reason. */
  readonly deed: string;
}

/** A gateway that caches, before an origin that says what the test says, under a clock that the test sets forward. */
export interface CacheLab {
  readonly gateway: Gateway;
  /** It is the same from now on: the test is about what only it knows. */
  keepGateway(): void;
  /** The requests that came to the origin. */
  readonly asked: IncomingMessage[];
  /** What it says from now on, or how it answers. */
  says(answer: Said | ((request: IncomingMessage) => Said | Promise<Said>)): void;
  get(path?: string, headers?: Record<string, string>): Promise<Got>;
  send(method: string, path?: string, headers?: Record<string, string>): Promise<Got>;
  advance(seconds: number): void;
  /** A date of HTTP, so many seconds from now. */
  date(inSeconds?: number): string;
}

/**
 * What gateways of labs share their answers through. With it, each request that finds no other at work comes to a gateway that was just
 * started: what it knows, it has from there.
 */
export const labs: { redis: GatewayOptions["redis"] } = { redis: undefined };
/** Whether a gateway on this node shares its cache now. */
export const isRedisUp = ({ metrics }: MeshNode): boolean =>
  metrics.read().find(({ name }) => name === "dure_gateway_cache_redis_up")?.samples[0]?.[2] === 1;

/** However slow the machine is, Redis is not taken for gone. */
const patience = 40;

/** Time that can be set forward; timers stay real. */
function installClock(t: TestContext): { advanceMs(ms: number): void; wallMs(): number } {
  let offsetMs = 0;
  const wallMs = () => Date.now() + offsetMs;
  t.after(
    installScheduler({
      now: () => performance.now() + offsetMs,
      wallTime: wallMs,
      after(delayMs, run): Timer {
        const handle = setTimeout(run, labs.redis && delayMs >= 200 ? delayMs * patience : delayMs);
        return { cancel: () => clearTimeout(handle) };
      },
      random: Math.random,
    }),
  );
  return {
    wallMs,
    advanceMs(ms) {
      offsetMs += ms;
    },
  };
}

/** A gateway, or one after the other at the same port. */
class LabEdge {
  agent = new Agent({ keepAlive: true });
  isKept = false;
  readonly #options: Omit<GatewayOptions, "node">;
  #running: { readonly node: MeshNode; readonly gateway: Gateway } | undefined;
  #renewed: Promise<void> | undefined;
  #port = 0;
  #inUse = 0;

  constructor(options: Omit<GatewayOptions, "node">) {
    this.#options = options;
  }

  get gateway(): Gateway {
    if (!this.#running) throw new Error("the lab's gateway does not run");
    return this.#running.gateway;
  }

  async start(): Promise<void> {
    const node = await createNode({
      name: "gateway",
      mesh: "test",
      distributors: [],
      services: [],
    });
    const gateway = await createGateway({ ...this.#options, node, port: this.#port });
    this.#port = gateway.port;
    this.#running = { node, gateway };
    if (labs.redis) await until("Redis is there", () => isRedisUp(node));
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    await this.#running?.gateway.close();
    await this.#running?.node.close();
  }

  /** Does something with a gateway that nobody else uses, or that others use too. */
  async use<Value>(work: () => Promise<Value>): Promise<Value> {
    if (labs.redis && this.#inUse === 0 && !this.isKept) this.#renewed = this.#renew();
    this.#inUse += 1;
    try {
      await this.#renewed;
      return await work();
    } finally {
      this.#inUse -= 1;
    }
  }

  async #renew(): Promise<void> {
    await this.stop();
    this.agent = new Agent({ keepAlive: true });
    await this.start();
  }
}

export async function startCacheLab(
  t: TestContext,
  mb = 8,
  route: Partial<RouteOptions> = {},
): Promise<CacheLab> {
  const clock = installClock(t);
  const asked: IncomingMessage[] = [];
  let answer: (request: IncomingMessage) => Said | Promise<Said> = () => ({});
  const origin = await startOrigin(t, async (request, response) => {
    asked.push(request);
    const { status = 200, headers = {}, body = `answer ${asked.length}` } = await answer(request);
    response.sendDate = false;
    response.writeHead(status, headers);
    response.end(request.method === "HEAD" || status === 304 ? undefined : body);
  });
  const edge = new LabEdge({
    routes: [{ path: "/*", upstream: origin, auth: "public", cache: true, ...route }],
    cache: labs.redis ? { mb, shared: "redis" } : { mb },
    redis: labs.redis,
  });
  await edge.start();
  t.after(() => edge.stop());
  // Not `fetch`, which adds `cache-control: no-cache` to whatever has a condition.
  const sendNow = (method: string, path: string, headers: Record<string, string>) =>
    new Promise<Got>((resolve, reject) => {
      const { agent, gateway } = edge;
      const request = httpRequest(gateway.url + path, { method, headers, agent }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        response.on("error", reject).on("end", () => {
          const fields = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
            values.map((value): [string, string] => [name, value]),
          );
          const got = new Headers(fields);
          const deed = /Dure; (hit|fwd=[a-z-]+)/.exec(got.get("cache-status") ?? "")?.[1] ?? "";
          resolve({ status: response.statusCode ?? 0, text, headers: got, deed });
        });
      });
      request.on("error", reject).end();
    });
  const send = (method: string, path = "/x", headers: Record<string, string> = {}) =>
    edge.use(() => sendNow(method, path, headers));
  return {
    get gateway() {
      return edge.gateway;
    },
    keepGateway() {
      edge.isKept = true;
    },
    asked,
    says(said) {
      answer = typeof said === "function" ? said : () => said;
    },
    get: (path, headers) => send("GET", path, headers),
    send,
    advance: (seconds) => clock.advanceMs(seconds * 1_000),
    date: (inSeconds = 0) => new Date(clock.wallMs() + inSeconds * 1_000).toUTCString(),
  };
}
