import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { TestContext } from "node:test";
import type { Gateway, RouteOptions } from "../../../src/gateway/index.ts";
import { installScheduler, type Timer } from "../../../src/kit/index.ts";
import { startGateway, startOrigin } from "../upstream/support.ts";

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

/** Time that can be set forward; timers stay real. */
function installClock(t: TestContext): { advanceMs(ms: number): void; wallMs(): number } {
  let offsetMs = 0;
  const wallMs = () => Date.now() + offsetMs;
  t.after(
    installScheduler({
      now: () => performance.now() + offsetMs,
      wallTime: wallMs,
      after(delayMs, run): Timer {
        const handle = setTimeout(run, delayMs);
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
  const gateway = await startGateway(
    t,
    [{ path: "/*", upstream: origin, auth: "public", cache: true, ...route }],
    { cache: { mb } },
  );
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  // Not `fetch`, which adds `cache-control: no-cache` to whatever has a condition.
  const send = (method: string, path = "/x", headers: Record<string, string> = {}) =>
    new Promise<Got>((resolve, reject) => {
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
  return {
    gateway,
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
