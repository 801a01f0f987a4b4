import { now } from "../kit/index.ts";
import type { DurationHistogram, Durations, Metrics } from "../telemetry/index.ts";
import type { HeadedExchange } from "./headed-exchange.ts";

const definition = {
  name: "dure_gateway_duration_seconds",
  help: "requests over HTTP, from their head to the head of the answer",
  labels: ["method", "route", "status"],
};

/** Measures what the gateway answers. */
export class HttpMetrics {
  readonly #durations: Durations;

  constructor(metrics: Metrics) {
    this.#durations = metrics.durations(definition);
  }

  onAnswer(exchange: HeadedExchange, status: number): void {
    this.durationsOf(exchange, status).observe((now() - exchange.startedAt) / 1_000);
  }

  /** Where answers like this one are measured. */
  durationsOf({ method, route }: HeadedExchange, status: number): DurationHistogram {
    // Methods come from outside: where no route took the request, they are not told.
    const isKnown = route !== undefined;
    return this.#durations.of([isKnown ? method : "", isKnown ? route : "", String(status)]);
  }
}
