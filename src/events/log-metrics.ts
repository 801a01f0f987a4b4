import type { GaugeReading, Metrics } from "../telemetry/index.ts";

/** How far one group is on one topic. */
export interface GroupLag {
  readonly name: string;
  readonly topic: string;
  readonly members: number;
  /** Events that are stored and neither done nor parked. */
  readonly lag: number;
  readonly parked: number;
}

const labels = ["topic", "group"];

/** Adds how far behind each group is. */
export function addLogReadings(metrics: Metrics, lags: () => Iterable<GroupLag>): void {
  const readings = (value: (lag: GroupLag) => number) => () =>
    Array.from(lags(), (lag): GaugeReading => [[lag.topic, lag.name], value(lag)]);
  metrics.gauge(
    { name: "dure_event_lag", help: "events that a group has not worked on", labels },
    readings(({ lag }) => lag),
  );
  metrics.gauge(
    { name: "dure_event_parked", help: "events that failed and wait, or wait behind one", labels },
    readings(({ parked }) => parked),
  );
  metrics.gauge(
    { name: "dure_event_members", help: "instances that share the work of a group", labels },
    readings(({ members }) => members),
  );
}
