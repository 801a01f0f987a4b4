/** Services of the platform itself: the event log, counters of gateways, and what every node answers. */
const platformServices = new Set(["eventlog", "ratelimits", "dure", "$telemetry"]);

/**
 * Whether a call begins no trace of its own: the platform asks its own services all the time, and nobody looks for that. As a part of a
 * trace it is recorded like any other call.
 */
export function isUntraced(service: string): boolean {
  return platformServices.has(service);
}
