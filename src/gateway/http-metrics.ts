import { now } from "../kit/index.ts";
import type { Durations, Metrics } from "../telemetry/index.ts";
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

  onAnswer({ method, route }: HeadedExchange, status: number, startedAt: number): void {
    // Methods come from outside: where no route took the request, they are not told.
    const labels = route === undefined ? ["", ""] : [method, route];
    this.#durations.of([...labels, String(status)]).observe((now() - startedAt) / 1_000);
  }
}
