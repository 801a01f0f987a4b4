import { ended, now } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { TraceContext } from "../telemetry/index.ts";
import type { HeadedExchange } from "./headed-exchange.ts";

/** One object a status: spans are held for seconds, and what is held so long costs the garbage collector more than it is worth. */
const attributesOf = Array.from({ length: 600 }, (_, status) => ({
  "http.response.status_code": status,
}));
/** Methods whose names are kept; others, which clients may make up, are not. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Routes whose names are kept. Beyond that, as after a great many changes of routes, all are made anew. */
const routesMax = 10_000;

/** The spans of a gateway's requests. */
export class HttpSpans {
  readonly #node: MeshNode;
  /** By route and method, for the reason above. */
  readonly #names = new Map<string, Map<string, string>>();

  constructor(node: MeshNode) {
    this.#node = node;
  }

  /**
   * Serves a request as a span: a part of the client's own where it sends `traceparent`, else the beginning of a trace. It ends with the
   * answer, a stream's too; it has failed where the answer is 500 or above, or where there is none.
   */
  run(
    exchange: HeadedExchange,
    serve: (trace: TraceContext) => void | Promise<void>,
  ): void | Promise<void> {
    const { traces, name: service } = this.#node;
    const { startedAt } = exchange;
    const span = { kind: "http", name: this.#nameOf(exchange), service } as const;
    const trace = traces.start(receivedTrace(exchange), span);
    return ended(
      () => traces.run(trace, () => serve(trace)),
      () => {
        const { status } = exchange;
        traces.end({
          trace,
          kind: "http",
          name: span.name,
          startedAt,
          durationMs: now() - startedAt,
          error: status === undefined ? "CANCELLED" : status >= 500 ? `HTTP ${status}` : undefined,
          peer: undefined,
          attributes: status === undefined ? undefined : attributesOf[status],
        });
      },
    );
  }

  #nameOf({ method, route = "" }: HeadedExchange): string {
    let names = this.#names.get(route);
    if (!names) {
      if (this.#names.size >= routesMax) this.#names.clear();
      names = new Map();
      this.#names.set(route, names);
    }
    let name = names.get(method);
    if (name === undefined) {
      name = `${method} ${route}`;
      if (methods.has(method)) names.set(method, name);
    }
    return name;
  }
}

function receivedTrace(exchange: HeadedExchange): TraceContext | undefined {
  const parent = exchange.header("traceparent");
  if (parent === undefined) return undefined;
  return TraceContext.parse(parent, exchange.header("tracestate"));
}
