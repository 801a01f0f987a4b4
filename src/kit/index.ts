/**
 * kit: small parts that know nothing of the platform. Errors, time, back-off, bounded containers, closing things.
 * Nothing here imports `node:`, so all of it runs in browsers too.
 */
export { formatHostPort, type HostPort, parseHostPort } from "./address.ts";
export { andThen } from "./and-then.ts";
export { Backoff, type BackoffOptions } from "./backoff.ts";
export { Closers } from "./closers.ts";
export { ClosingPace, type OpenConnections } from "./closing-pace.ts";
export { ended } from "./ended.ts";
export {
  asError,
  DureError,
  type DureErrorInit,
  type ErrorCode,
  errorCatalogue,
  isErrorCode,
  type Sent,
} from "./error.ts";
export { inTime } from "./in-time.ts";
export { LoopMonitor } from "./loop-monitor.ts";
export { LruMap } from "./lru-map.ts";
export {
  after,
  afterInBackground,
  every,
  installScheduler,
  now,
  random,
  randomInt,
  type Scheduler,
  sleep,
  type Timer,
  wallTime,
} from "./scheduler.ts";
export { SlidingWindow } from "./sliding-window.ts";
export { didYouMean } from "./text.ts";
export { inNoSlot, TimerWheel, type WheelEntry } from "./timer-wheel.ts";
