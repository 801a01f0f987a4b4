import { wallTime } from "../kit/index.ts";
import { LogRing } from "./logs/log-ring.ts";
import { type Logger, silentLogger } from "./logs/logger.ts";
import { recordedLogger } from "./logs/recorded-logger.ts";
import { Metrics } from "./metrics/metrics.ts";
import { openTelemetryBridge } from "./traces/open-telemetry-bridge.ts";
import { OtlpExporter } from "./traces/otlp-exporter.ts";
import { type TraceOptions, Traces } from "./traces/traces.ts";

/** The name under which nodes answer what they know of themselves; see telemetry-page.ts. */
const telemetryService = "$telemetry";

/** What a node's telemetry is made with. */
export interface NodeTelemetryOptions {
  readonly node: { readonly id: string; readonly name: string };
  readonly logger: Logger | undefined;
  readonly traces: TraceOptions | undefined;
}

/** What one node tells of itself: metrics, spans and log lines, all bounded, all given only to whoever asks. */
export class NodeTelemetry {
  readonly metrics = new Metrics();
  readonly traces: Traces;
  /** The logger that was given, whose lines are also kept. */
  readonly logger: Logger;
  readonly #logs: LogRing;
  readonly #options: TraceOptions;
  #exporter: OtlpExporter | undefined;

  constructor({ node, logger = silentLogger, traces = {} }: NodeTelemetryOptions) {
    this.#options = traces;
    this.traces = new Traces({ node, ...traces });
    this.#logs = new LogRing(node);
    this.logger = recordedLogger(logger, this.#logs);
  }

  /** Lets an OpenTelemetry SDK that the process has registered see the spans, and sends them where they are to be sent. */
  async open(): Promise<void> {
    const bridge = await openTelemetryBridge();
    if (bridge) this.traces.bridgeTo(bridge);
    const { otlpUrl: url, otlpHeaders: headers = {} } = this.#options;
    if (url === undefined) return;
    const { traces, metrics, logger } = this;
    this.#exporter = new OtlpExporter({ url, headers, traces, metrics, logger });
  }

  /** Sends what is left, within 2 s. */
  async close(): Promise<void> {
    await this.#exporter?.close();
  }

  /** What it answers over the mesh, by service and operation: from params to JSON. */
  operations(): [string, (params: Record<string, string>) => string][] {
    return [
      [`${telemetryService}.spans`, (params) => JSON.stringify(this.#spans(params))],
      [`${telemetryService}.logs`, (params) => JSON.stringify(this.#lines(params))],
      [`${telemetryService}.metrics`, () => JSON.stringify({ families: this.metrics.read() })],
      [`${telemetryService}.clock`, () => JSON.stringify({ wallTime: wallTime() })],
    ];
  }

  #spans({ after, limit, traceIds }: Record<string, string>) {
    return this.traces.spans({
      ...numbersOf({ after, limit }),
      ...(traceIds === undefined ? {} : { traceIds: traceIds.split(",") }),
    });
  }

  #lines({ after, limit, traceId, text }: Record<string, string>) {
    return this.#logs.logs({
      ...numbersOf({ after, limit }),
      ...(traceId === undefined ? {} : { traceId }),
      ...(text === undefined ? {} : { text }),
    });
  }
}

/** Those that are given as whole numbers; what is none counts as not given. */
function numbersOf<Name extends string>(
  texts: Record<Name, string | undefined>,
): Partial<Record<Name, number>> {
  const numbers: Partial<Record<Name, number>> = {};
  for (const name in texts) {
    const text = texts[name];
    if (text !== undefined && /^\d{1,15}$/.test(text)) numbers[name] = Number(text);
  }
  return numbers;
}
