/**
 * Moleculer with what it has against failures switched on, each part with its own defaults. It has no default timeout: this one is
 * Dure's. It retries without knowing what may be repeated, unless every action says so.
 */
import { moleculerPeer } from "./moleculer-peer.ts";

export default moleculerPeer({
  requestTimeout: 5_000,
  retryPolicy: { enabled: true },
  circuitBreaker: { enabled: true },
  bulkhead: { enabled: true },
  tracking: { enabled: true },
});
