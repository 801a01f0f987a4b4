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

  onAnswer({ method, route, startedAt }: HeadedExchange, status: number): void {
    // Methods come from outside: where no route took the request, they are not told.
    const isKnown = route !== undefined;
    const labels = [isKnown ? method : "", isKnown ? route : "", String(status)];
    this.#durations.of(labels).observe((now() - startedAt) / 1_000);
  }
}
