/**
 * The life of one supervised process, as a state machine: an event and the time go in, a new state and at most one thing to
 * do come out. No process, timer or clock in here.
 *
 * ```
 *            start                  ready
 *  stopped --------->  starting  ---------->  ready
 *     ^                 |  ^  |                 |
 *     | exited    exited|  |  | stop            | exited       (S1) `spawn` only when nothing runs
 *     |                 v  |  |                 v              (S2) after `stop`, nothing is spawned until `start`
 *  stopping <------- backing-off, crash-loop <--+              (S3) whatever runs when its time is over is killed: it did not
 *     ^      stop          (timer: spawn)                           start, stop, or give a sign of life in time
 *     +--- stop, from any state in which a process runs
 * ```
 */
import type { RestartPolicy } from "../options.ts";

/** What people see in `dure ps`. */
export type ProcessPhase =
  | "starting"
  | "ready"
  | "backing-off"
  | "crash-loop"
  | "stopping"
  | "stopped";

/** Everything that is remembered of one process. */
export interface ProcessState {
  readonly phase: ProcessPhase;
  /** Whether a process runs. */
  readonly isAlive: boolean;
  /** Failures in a row: exits that nobody asked for, forgotten once it was ready for long enough. */
  readonly failures: number;
  /** Starts after the first. */
  readonly restarts: number;
  /** Whether it is to come back once it has stopped. */
  readonly isRestarting: boolean;
  readonly readyAt: number | undefined;
  /** When a `timer` event is due. */
  readonly wakeAt: number | undefined;
}

/** What can happen; `at` is in ms on any one clock. */
export interface ProcessEvent {
  readonly kind:
    | "start"
    | "ready"
    /** A sign of life. */
    | "beat"
    /** It needs more memory than it may. */
    | "overweight"
    | "exited"
    | "timer"
    | "stop"
    | "restart"
    | "kill";
  readonly at: number;
}

/** What the shell must do: start a process, ask it to stop, end it with SIGKILL. */
export type ProcessEffect = "spawn" | "ask-to-stop" | "kill";

/** A new state, and what to do about it. */
export interface Step {
  readonly state: ProcessState;
  readonly effect?: ProcessEffect;
}

/** Before the first start. */
export const initialState: ProcessState = {
  phase: "stopped",
  isAlive: false,
  failures: 0,
  restarts: 0,
  isRestarting: false,
  readyAt: undefined,
  wakeAt: undefined,
};

/** The machine. An event that means nothing in a state leaves it as it is. */
export function step(state: ProcessState, event: ProcessEvent, policy: RestartPolicy): Step {
  switch (event.kind) {
    case "start":
      return state.phase === "stopped" ? spawn(state, event.at, policy, 0) : { state };
    case "ready":
      return onReady(state, event.at, policy);
    case "beat":
      return onBeat(state, event.at, policy);
    case "overweight":
      return onOverweight(state, event.at, policy);
    case "exited":
      return onExited(state, event.at, policy);
    case "timer":
      return onTimer(state, event.at, policy);
    case "stop":
      return onStop(state, event.at, policy);
    case "restart":
      return onRestart(state, event.at, policy);
    case "kill":
      return state.isAlive ? { state: { ...state, wakeAt: undefined }, effect: "kill" } : { state };
  }
}

/** How long to wait after so many failures in a row, in ms. */
export function delayAfter(failures: number, policy: RestartPolicy): number {
  if (failures >= policy.crashLoopFailures) return policy.crashLoopDelayMs;
  return Math.min(policy.firstDelayMs * 2 ** (failures - 1), policy.delayMsMax);
}

function spawn(state: ProcessState, at: number, policy: RestartPolicy, restarts: 0 | 1): Step {
  return {
    state: {
      ...state,
      phase: "starting",
      isAlive: true,
      isRestarting: false,
      restarts: state.restarts + restarts,
      readyAt: undefined,
      wakeAt: at + policy.startMsMax,
    },
    effect: "spawn",
  };
}

function onReady(state: ProcessState, at: number, policy: RestartPolicy): Step {
  if (state.phase !== "starting") return { state };
  return onBeat({ ...state, phase: "ready", readyAt: at }, at, policy);
}

function onBeat(state: ProcessState, at: number, policy: RestartPolicy): Step {
  if (state.phase !== "ready") return { state };
  return { state: { ...state, wakeAt: timeAfter(at, policy.silenceMsMax) } };
}

/** It is not started beside its successor, as in a reload: memory is what there is too little of. */
function onOverweight(state: ProcessState, at: number, policy: RestartPolicy): Step {
  if (state.phase !== "ready") return { state };
  const failed = { ...state, failures: failuresAt(state, at, policy) };
  return askToStop(failed, at, policy, true);
}

/** Failures in a row, if it fails now. */
function failuresAt(state: ProcessState, at: number, policy: RestartPolicy): number {
  const wasStable = state.readyAt !== undefined && at - state.readyAt >= policy.stableMs;
  return wasStable ? 1 : state.failures + 1;
}

function timeAfter(at: number, delayMs: number): number | undefined {
  return Number.isFinite(delayMs) ? at + delayMs : undefined;
}

function onExited(state: ProcessState, at: number, policy: RestartPolicy): Step {
  if (!state.isAlive) return { state };
  const gone: ProcessState = { ...state, isAlive: false, readyAt: undefined, wakeAt: undefined };
  if (state.phase === "stopping") {
    if (!state.isRestarting) return { state: { ...gone, phase: "stopped" } };
    return state.failures === 0 ? spawn(gone, at, policy, 1) : backOff(gone, at, policy);
  }
  return backOff({ ...gone, failures: failuresAt(state, at, policy) }, at, policy);
}

function backOff(state: ProcessState, at: number, policy: RestartPolicy): Step {
  const isLoop = state.failures >= policy.crashLoopFailures;
  const wakeAt = timeAfter(at, delayAfter(state.failures, policy));
  const phase = isLoop ? "crash-loop" : "backing-off";
  return { state: { ...state, phase, isRestarting: false, wakeAt } };
}

function onTimer(state: ProcessState, at: number, policy: RestartPolicy): Step {
  if (state.wakeAt === undefined || at < state.wakeAt) return { state };
  if (state.isAlive) return { state: { ...state, wakeAt: undefined }, effect: "kill" };
  return spawn(state, at, policy, 1);
}

function onStop(state: ProcessState, at: number, policy: RestartPolicy): Step {
  if (!state.isAlive) return { state: { ...state, phase: "stopped", wakeAt: undefined } };
  if (state.phase === "stopping") return { state: { ...state, isRestarting: false } };
  return askToStop(state, at, policy, false);
}

function onRestart(state: ProcessState, at: number, policy: RestartPolicy): Step {
  const forgiven = { ...state, failures: 0 };
  if (state.phase === "stopped") return { state };
  if (!state.isAlive) return spawn(forgiven, at, policy, 1);
  if (state.phase === "stopping") return { state };
  return askToStop(forgiven, at, policy, true);
}

function askToStop(
  state: ProcessState,
  at: number,
  policy: RestartPolicy,
  isRestarting: boolean,
): Step {
  return {
    state: { ...state, phase: "stopping", isRestarting, wakeAt: at + policy.stopMsMax },
    effect: "ask-to-stop",
  };
}
