import type { MetricFamily } from "../telemetry/index.ts";

/** What a supervised process tells its supervisor. `details` of a `tell` is for whoever runs the supervisor. */
export type FromChild =
  | { readonly kind: "ready"; readonly port?: number; readonly host?: string }
  | { readonly kind: "failed"; readonly message: string; readonly exitCode: number }
  | { readonly kind: "ask"; readonly id: number; readonly question: unknown }
  | { readonly kind: "tell"; readonly details: unknown }
  | { readonly kind: "metrics"; readonly id: number; readonly families: readonly MetricFamily[] }
  /** It has that connection; until then it may be given to somebody else. */
  | { readonly kind: "taken"; readonly id: number }
  | ({ readonly kind: "vitals" } & Vitals);

/** A sign of life, about once a second, and what it costs to be alive. */
export interface Vitals {
  /** Resident memory, in bytes. */
  readonly memoryBytes: number;
  /** Cores it kept busy since the last sign: 0.5 is half of one. */
  readonly cpuShare: number;
  /** Requests at work at the same time, on average since the last sign. */
  readonly concurrency: number;
}

/** What a supervisor tells its processes. */
export type ToChild =
  /** `drainMs`: what its requests may take once it is told to stop. `isUnhurried`: others serve until it is ready. */
  | {
      readonly kind: "start";
      readonly spec: unknown;
      readonly drainMs: number;
      readonly isUnhurried: boolean;
    }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "read-metrics"; readonly id: number }
  /**
   * With a socket: a connection that the supervisor accepted for it. `read`: the bytes it has read already, in Base64; `isMixed`:
   * requests on it may be of several clients.
   */
  | {
      readonly kind: "connection";
      readonly id: number;
      readonly read?: string | undefined;
      readonly isMixed?: boolean | undefined;
    }
  /** With a socket that is bound, as `start` may be: once it is ready it accepts connections from it, as others do, until it stops. */
  | { readonly kind: "listen" }
  /** `isReplaced`: another process does its work from now on. */
  | { readonly kind: "stop"; readonly isReplaced: boolean };

const childKinds = new Set(["ready", "failed", "ask", "tell", "metrics", "taken", "vitals"]);

/** Whether a message is one of ours: a service's own code may use the channel too. */
export function isFromChild(message: unknown): message is FromChild {
  return typeof message === "object" && message !== null && childKinds.has((message as any).kind);
}
