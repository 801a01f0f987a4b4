/**
 * Our spans as spans of the OpenTelemetry SDK that the process has registered, made through its API: they have the SDK's identifiers, go
 * through its sampler and exporters, and are active while handlers run, so that spans of libraries become their children.
 *
 * Where no SDK is registered when a node starts, the API is not even loaded, and nothing of this costs anything.
 */
import type { SpanKind as ApiSpanKind, Attributes, Context, Span } from "@opentelemetry/api";
import { TraceContext } from "../trace-context.ts";
import type { SpanBridge, SpanStart } from "./span-bridge.ts";
import type { SpanKind } from "./span-record.ts";
import type { FinishedSpan, SpanName } from "./span-ring.ts";

type Api = typeof import("@opentelemetry/api");

/** Where the API keeps what is registered, whichever copy of it an SDK was built with (OpenTelemetry JS, internal/global-utils). */
const registration = Symbol.for("opentelemetry.js.api.1");

/** The bridge to the SDK that is registered now; undefined where none is. */
export async function openTelemetryBridge(): Promise<SpanBridge | undefined> {
  const registered = (globalThis as { [registration]?: { trace?: unknown } })[registration];
  if (!registered?.trace) return undefined;
  return new OpenTelemetryBridge(await import("@opentelemetry/api"));
}

/** A span that the SDK knows. */
class LiveContext extends TraceContext {
  readonly span: Span;

  constructor(
    span: Span,
    { words, flags, state }: TraceContext,
    origin: { parent: TraceContext | undefined; service: string | undefined },
  ) {
    super(words, flags, { ...origin, state });
    this.span = span;
  }
}

class OpenTelemetryBridge implements SpanBridge {
  readonly #api: Api;
  readonly #tracer;

  constructor(api: Api) {
    this.#api = api;
    this.#tracer = api.trace.getTracer("dure");
  }

  start(parent: TraceContext | undefined, { kind, name, service }: SpanStart): TraceContext {
    const { trace } = this.#api;
    const context = this.#contextOf(parent);
    const options = { kind: this.#kindOf(kind), attributes: attributesOf(kind, name) };
    const span = this.#tracer.startSpan(textOf(name), options, context);
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const header = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
    const place = TraceContext.parse(header, traceState?.serialize());
    // The parent may be a span of the application's own, of which only the SDK knows.
    const above = trace.getSpanContext(context);
    const parentPlace =
      above?.traceId === traceId
        ? TraceContext.parse(`00-${above.traceId}-${above.spanId}-00`)
        : undefined;
    if (!place) throw new Error(`the OpenTelemetry SDK made a span "${header}", which is none`);
    return new LiveContext(span, place, {
      parent: parentPlace,
      service: service ?? parent?.service,
    });
  }

  end({ trace, error, peer, attributes }: FinishedSpan): void {
    if (!(trace instanceof LiveContext)) return;
    const { span } = trace;
    if (error !== undefined) {
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: error });
      span.setAttribute("error.type", error);
    }
    if (peer !== undefined) span.setAttribute("dure.peer", peer);
    if (attributes) span.setAttributes(attributes);
    span.end();
  }

  run<Output>(trace: TraceContext, code: () => Output): Output {
    if (!(trace instanceof LiveContext)) return code();
    const { context, trace: api } = this.#api;
    return context.with(api.setSpan(context.active(), trace.span), code);
  }

  /** Within the parent; within the application's own span, where that is a part of the same trace and so nearer. */
  #contextOf(parent: TraceContext | undefined): Context {
    const { context, trace, createTraceState } = this.#api;
    const active = context.active();
    if (!parent) return active;
    if (trace.getSpanContext(active)?.traceId === parent.traceId) return active;
    if (parent instanceof LiveContext) return trace.setSpan(active, parent.span);
    return trace.setSpanContext(active, {
      traceId: parent.traceId,
      spanId: parent.spanId,
      traceFlags: parent.flags,
      isRemote: true,
      ...(parent.state === undefined ? {} : { traceState: createTraceState(parent.state) }),
    });
  }

  #kindOf(kind: SpanKind): ApiSpanKind {
    const { SpanKind: kinds } = this.#api;
    switch (kind) {
      case "http":
      case "server":
        return kinds.SERVER;
      case "client":
        return kinds.CLIENT;
      case "publish":
        return kinds.PRODUCER;
      case "consume":
        return kinds.CONSUMER;
      case "saga":
        return kinds.INTERNAL;
    }
  }
}

function textOf(name: SpanName): string {
  return typeof name === "string" ? name : `${name.service}.${name.operation}`;
}

/** The names of OpenTelemetry's semantic conventions, as far as they have one. */
function attributesOf(kind: SpanKind, name: SpanName): Attributes {
  if (typeof name === "object")
    return { "rpc.system": "dure", "rpc.service": name.service, "rpc.method": name.operation };
  if (kind === "publish" || kind === "consume")
    return { "messaging.system": "dure", "messaging.destination.name": name };
  return {};
}
