import { ended, now } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { TraceContext } from "../telemetry/index.ts";
import type { HeadedExchange } from "./headed-exchange.ts";

/** One object a status: spans are held for seconds, and what is held so long costs the garbage collector more than it is worth. */
const attributesOf = Array.from({ length: 600 }, (_, status) => ({
  "http.response.status_code": status,
}));

/**
 * Serves a request as a span: a part of the client's own where it sends `traceparent`, else the beginning of a trace. It ends with the
 * answer, a stream's too; it has failed where the answer is 500 or above, or where there is none.
 */
export function inHttpSpan(
  exchange: HeadedExchange,
  node: MeshNode,
  serve: (trace: TraceContext) => void | Promise<void>,
): void | Promise<void> {
  const { traces } = node;
  const span = {
    kind: "http",
    name: `${exchange.method} ${exchange.route}`,
    service: node.name,
  } as const;
  const trace = traces.start(receivedTrace(exchange), span);
  const startedAt = now();
  return ended(
    () => traces.run(trace, () => serve(trace)),
    () => {
      const { status } = exchange;
      traces.end({
        trace,
        ...span,
        startedAt,
        durationMs: now() - startedAt,
        error: status === undefined ? "CANCELLED" : status >= 500 ? `HTTP ${status}` : undefined,
        peer: undefined,
        attributes: status === undefined ? undefined : attributesOf[status],
      });
    },
  );
}

function receivedTrace(exchange: HeadedExchange): TraceContext | undefined {
  const parent = exchange.header("traceparent");
  if (parent === undefined) return undefined;
  return TraceContext.parse(parent, exchange.header("tracestate"));
}
