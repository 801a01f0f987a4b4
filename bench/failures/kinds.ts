import { setTimeout as pause } from "node:timers/promises";
import type { Fleet } from "./fleet.ts";
import type { Phase } from "./load.ts";

/** A row of the matrix: what goes wrong, and under which load. */
export interface FailureKind {
  readonly name: string;
  readonly phases: readonly Phase[];
  readonly calleeCount: number;
  readonly hasTunnel: boolean;
  readonly withLarge: boolean;
  readonly needsRegistry: boolean;
  /** It keeps the processors busy, so no other platform is measured meanwhile. */
  readonly isAlone: boolean;
  /** Makes it happen. The load runs, for {@link failsAfterMs} by then. */
  happen(fleet: Fleet): Promise<unknown>;
}

/** How long all is well. */
export const failsAfterMs = 2_000;
const frozenMs = 5_000;
const perSecond = 80;
/** One busy callee answers a hundred a second. */
const overloadPerSecond = 300;

const usual = {
  phases: [{ forMs: 8_000, perSecond }],
  calleeCount: 2,
  hasTunnel: false,
  withLarge: false,
  needsRegistry: false,
  isAlone: false,
} as const;

/** The rows in the order of the table. */
export const failureKinds: readonly FailureKind[] = [
  { ...usual, name: "nothing", happen: async () => undefined },
  {
    ...usual,
    name: "frozen for 5 s",
    phases: [{ forMs: 10_000, perSecond }],
    async happen({ callees: [first] }) {
      first?.signal("SIGSTOP");
      await pause(frozenMs);
      first?.signal("SIGCONT");
    },
  },
  {
    ...usual,
    name: "killed",
    happen: async ({ callees: [first] }) => first?.signal("SIGKILL"),
  },
  {
    ...usual,
    name: "stopped in order",
    happen: async ({ callees: [first] }) => first?.signal("SIGTERM"),
  },
  {
    ...usual,
    name: "connection goes silent",
    hasTunnel: true,
    happen: async ({ tunnel }) => tunnel?.silence(),
  },
  {
    ...usual,
    name: "1 MB among small calls",
    withLarge: true,
    isAlone: true,
    happen: async () => undefined,
  },
  {
    ...usual,
    name: "100 times slower",
    happen: async ({ callees: [first] }) => first?.ask("slow"),
  },
  {
    ...usual,
    name: "errs at once",
    happen: async ({ callees: [first] }) => first?.ask("erring"),
  },
  {
    ...usual,
    name: "overload, one callee",
    phases: [
      { forMs: failsAfterMs, perSecond },
      { forMs: 5_000, perSecond: overloadPerSecond },
    ],
    calleeCount: 1,
    isAlone: true,
    happen: async ({ callees: [first] }) => first?.ask("busy"),
  },
  {
    ...usual,
    name: "registry killed",
    needsRegistry: true,
    happen: async ({ registry }) => registry?.signal("SIGKILL"),
  },
];
