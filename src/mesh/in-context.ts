/** Work that no request carries: a context of its own, as a span of its own. */
import type { BackgroundWork } from "../contract/index.ts";
import { DureError, ended, now } from "../kit/index.ts";
import { TraceContext } from "../telemetry/index.ts";
import type { RequestHead } from "../wire/index.ts";
import {
  type ContextRequest,
  type ContextSource,
  type ContextSubject,
  HandlerContext,
} from "./handler-context.ts";

/**
 * Runs code with a context whose calls are part of its span; the span ends when the code has. Gives a promise only where the code does:
 * many handlers of events wait for nothing.
 */
export function inContext<Output>(
  source: ContextSource,
  subject: ContextSubject,
  request: ContextRequest,
  run: (context: HandlerContext) => Output,
): Output | Promise<Awaited<Output>> {
  const { traces } = source;
  const context = new HandlerContext(source, subject, request);
  const { trace } = context;
  const startedAt = request.receivedAt;
  return ended(
    () => traces.run(trace, () => run(context)),
    (failure) => {
      context.end();
      const { kind, name } = subject.span;
      const durationMs = now() - startedAt;
      const error = failure && codeOf(failure.thrown);
      traces.end({ trace, kind, name, startedAt, durationMs, error, peer: undefined });
    },
  );
}

function codeOf(thrown: unknown): string {
  return thrown instanceof DureError ? thrown.code : "INTERNAL";
}

/** Time for work that says nothing of it, in ms. */
const deadlineMsDefault = 30_000;

/** Runs a service's background work. */
export async function inBackground<Output>(
  source: ContextSource,
  service: string,
  work: BackgroundWork,
  run: (context: HandlerContext) => Output,
): Promise<Awaited<Output>> {
  const { name } = work;
  const span = { kind: "saga", name, service } as const;
  return await inContext(
    source,
    { service, name, isStream: false, span },
    new Background(work),
    run,
  );
}

/** What a context needs of a request, where there is none. */
class Background implements ContextRequest {
  readonly queuedMs = 0;
  readonly receivedAt = now();
  readonly head: RequestHead;
  readonly #signal: AbortSignal | undefined;

  constructor({ traceparent, tracestate, signal, deadlineMs = deadlineMsDefault }: BackgroundWork) {
    const trace =
      traceparent === undefined ? undefined : TraceContext.parse(traceparent, tracestate);
    this.head = { deadlineMs, trace };
    this.#signal = signal;
  }

  get isCancelled(): boolean {
    return this.#signal?.aborted ?? false;
  }

  onCancel(listener: () => void): void {
    this.#signal?.addEventListener("abort", listener, { once: true });
  }
}
