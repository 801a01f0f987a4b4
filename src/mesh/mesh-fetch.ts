/**
 * `fetch` whose host names are services: `http://products/products/7` goes to an instance from the view, with the balancing, retries,
 * deadline and breakers of any other call. For code that speaks HTTP and not contracts, and for `raw` operations.
 *
 * Answers are those that the gateway would give, problem documents included, so it rejects only for a URL that makes no sense and
 * when its signal aborts.
 */
import { Buffer } from "node:buffer";
import type { ContractDescription } from "../contract/index.ts";
import {
  findRoute,
  parseTarget,
  type Route,
  RouteTable,
  rawHead,
  readInput,
  type Target,
} from "../http/index.ts";
import { DureError, LruMap, now, sleep } from "../kit/index.ts";
import type { Registry } from "../registry/index.ts";
import { type PendingCall, StreamFailure } from "../wire/index.ts";
import { type CallRequest, unknownServiceWaitMs } from "./client-stack.ts";
import { answered, failed, type Place, refused } from "./fetch-answer.ts";
import { httpCall } from "./http-call.ts";
import type { MessageStream } from "./stream-call.ts";
import { type CallParent, childHead } from "./typed-client.ts";

/** What it works with. */
export interface MeshFetchOptions {
  readonly registry: Registry;
  contractOf(hash: string): ContractDescription | undefined;
  call(request: CallRequest): PendingCall;
  openStream(request: CallRequest): MessageStream;
  deadlineMsFor(service: string): number;
}

/** Routes kept, by contract; more than a fleet has contracts in use. */
const tablesMax = 1_000;
const lookAgainMs = 20;
const itemBytesMax = 4 * 1024 * 1024;

/** See the head of this file. */
export class MeshFetch {
  readonly #options: MeshFetchOptions;
  readonly #tables = new LruMap<string, RouteTable>(tablesMax);

  constructor(options: MeshFetchOptions) {
    this.#options = options;
  }

  /** @param parent the call that this one is made for, if any. */
  async fetch(request: Request, parent?: CallParent): Promise<Response> {
    request.signal.throwIfAborted();
    const { url, target, service } = readUrl(request);
    const place = { path: target.path };
    const found = await this.#findRoute(service, request.method, target);
    if (found.refusal) return refused(found.refusal, place);
    const { route, parameters } = found.value;
    const { operation } = route;
    const source = {
      target,
      header: (name: string) => request.headers.get(name) ?? undefined,
      hasBody: request.body !== null,
      body: () => request.bytes(),
      bodyChunks: () => chunksOf(request),
    };
    const input = await readInput(source, operation, parameters, itemBytesMax);
    if (input.refusal) return refused(input.refusal, place);
    const ownMs = operation.deadlineMs ?? this.#options.deadlineMsFor(service);
    const deadlineMs = parent ? Math.min(ownMs, parent.remainingMs()) : ownMs;
    const head = childHead({}, parent, { deadlineMs, routingKey: undefined });
    const http =
      operation.kind === "raw"
        ? rawHead({ method: request.method, url: url.href, headers: [...request.headers] }, [])
        : undefined;
    const call = httpCall(route, input.value, { ...head, http });
    return operation.kind === "stream"
      ? this.#stream(call, route, { signal: request.signal, parent, place })
      : this.#call(call, route, { signal: request.signal, parent, place });
  }

  async #call(
    call: CallRequest,
    route: Route,
    { signal, parent, place }: Circumstances,
  ): Promise<Response> {
    const pending = this.#options.call(call);
    const cancel = () => pending.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    parent?.adopt(pending);
    const outcome = await pending.outcome;
    parent?.release(pending);
    signal.removeEventListener("abort", cancel);
    if (outcome.ok) return answered(outcome.response, route);
    signal.throwIfAborted();
    return failed(outcome.failure, route, place);
  }

  /** Lines of JSON, as they come. */
  async #stream(
    call: CallRequest,
    route: Route,
    { signal, parent, place }: Circumstances,
  ): Promise<Response> {
    const messages = this.#options.openStream(call);
    const cancel = () => messages.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    parent?.adopt(messages);
    const release = () => {
      parent?.release(messages);
      signal.removeEventListener("abort", cancel);
    };
    const iterator = messages[Symbol.asyncIterator]();
    let next: IteratorResult<Uint8Array> | undefined;
    try {
      next = await iterator.next();
    } catch (thrown) {
      release();
      signal.throwIfAborted();
      if (thrown instanceof StreamFailure) return failed(thrown.failure, route, place);
      throw thrown;
    }
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const item = next ?? (await iterator.next());
          next = undefined;
          if (!item.done) return controller.enqueue(Buffer.concat([item.value, lineEnd]));
          release();
          controller.close();
        },
        cancel() {
          release();
          messages.cancel();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, {
      status: route.operation.http?.status ?? 200,
      headers: { "content-type": "application/x-ndjson" },
    });
  }

  /** A service that nobody offers yet is waited for, as in any call. */
  async #findRoute(service: string, method: string, target: Target) {
    const until = now() + unknownServiceWaitMs;
    for (;;) {
      const found = this.#tablesOf(service).map((table) => findRoute(table, method, target));
      // Of several versions, whichever offers it.
      const best = found.find(({ refusal }) => !refusal) ?? found[0];
      if (best) return best;
      if (now() > until) {
        const detail = `no node offers "${service}"; start it, or check its name`;
        return { refusal: { status: 503, detail } };
      }
      await sleep(lookAgainMs);
    }
  }

  /** The newest contract first. */
  #tablesOf(service: string): RouteTable[] {
    const { registry, contractOf } = this.#options;
    const own = registry.self.services.filter(({ name }) => name === service);
    const offered = [...own, ...registry.instancesOf(service).map((instance) => instance.service)];
    const versions = new Map(offered.map(({ contractHash, version }) => [contractHash, version]));
    return [...versions]
      .sort(([, left], [, right]) => right.localeCompare(left, undefined, { numeric: true }))
      .flatMap(([hash]) => {
        const description = contractOf(hash);
        return description ? [this.#table(hash, description)] : [];
      });
  }

  #table(hash: string, description: ContractDescription): RouteTable {
    let table = this.#tables.get(hash);
    if (!table) {
      table = new RouteTable([{ hash, description }]);
      this.#tables.set(hash, table);
    }
    return table;
  }
}

const lineEnd = Buffer.from("\n");

interface Circumstances {
  readonly signal: AbortSignal;
  readonly parent: CallParent | undefined;
  readonly place: Place;
}

/** Throws INVALID_ARGUMENT for what is no URL of a service. */
function readUrl(request: Request): { url: URL; target: Target; service: string } {
  const url = new URL(request.url);
  const target = parseTarget(url.pathname + url.search);
  const problem =
    url.protocol !== "http:"
      ? "the scheme must be http; within the mesh, links are what is encrypted"
      : url.port !== ""
        ? "a service has no port: the view knows where its instances are"
        : "status" in target
          ? target.detail
          : undefined;
  if (problem !== undefined || "status" in target)
    throw new DureError("INVALID_ARGUMENT", `cannot fetch ${request.url}: ${problem}`);
  return { url, target, service: url.hostname };
}

async function* chunksOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body) yield* body;
}
