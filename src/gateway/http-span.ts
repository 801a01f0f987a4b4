import { ended, now } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { type SpanStart, TraceContext } from "../telemetry/index.ts";
import type { HeadedExchange } from "./headed-exchange.ts";

/** One object a status: spans are held for seconds, and what is held so long costs the garbage collector more than it is worth. */
const attributesOf = Array.from({ length: 600 }, (_, status) => ({
  "http.response.status_code": status,
}));
/** Methods whose names are kept; others, which clients may make up, are not. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Routes whose names are kept. Beyond that, as after a great many changes of routes, all are made anew. */
const routesMax = 10_000;

/** What the span of a request is. */
export interface RequestSpan extends SpanStart {
  readonly name: string;
  /** The client's own. */
  readonly parent: TraceContext | undefined;
}

/** How a request ended. */
interface RequestEnd {
  readonly trace: TraceContext;
  readonly startedAt: number;
  readonly durationMs: number;
  /** Undefined where there was no answer. */
  readonly status: number | undefined;
}

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
    const { startedAt } = exchange;
    const span = this.of(exchange);
    const trace = this.begin(span);
    return ended(
      () => this.#node.traces.run(trace, () => serve(trace)),
      () => {
        const { status } = exchange;
        this.end(span, { trace, startedAt, durationMs: now() - startedAt, status });
      },
    );
  }

  /** What the span of a request is, before it begins. */
  of(exchange: HeadedExchange): RequestSpan {
    const name = this.#nameOf(exchange);
    return { kind: "http", name, service: this.#node.name, parent: receivedTrace(exchange) };
  }

  /** Begins a span; whoever begins it ends it. */
  begin(span: RequestSpan): TraceContext {
    return this.#node.traces.start(span.parent, span);
  }

  end({ name }: RequestSpan, { trace, startedAt, durationMs, status }: RequestEnd): void {
    this.#node.traces.end({
      trace,
      kind: "http",
      name,
      startedAt,
      durationMs,
      error: status === undefined ? "CANCELLED" : status >= 500 ? `HTTP ${status}` : undefined,
      peer: undefined,
      attributes: status === undefined ? undefined : attributesOf[status],
    });
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
