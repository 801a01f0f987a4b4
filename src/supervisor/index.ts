/**
 * supervisor: processes. It starts them, restarts what crashes, writes their output, stops them in order, and tells the
 * command line about them. It knows nothing of services or the mesh: what a process does is in a message it hands on.
 */
export type { Recognized, Recognizer } from "./arrival.ts";
export { obeySupervisor, type SupervisorLink } from "./child.ts";
export { initialScale, type ScaleRange, type ScaleState, scale } from "./core/autoscaler.ts";
export { describeExit, type ExitReport, mebibytes } from "./core/exit-report.ts";
export { LineSplitter } from "./core/line-splitter.ts";
export {
  initialState,
  type ProcessEvent,
  type ProcessPhase,
  type ProcessState,
  step,
} from "./core/process-state.ts";
export { type FleetFile, readFleetFile, tokenOf } from "./data-folder.ts";
export {
  askFleet,
  type FleetControlOptions,
  type FleetOperations,
  isFleetThere,
  openFleetControl,
  type ReloadRequest,
  type RunningFleet,
  refuseSecondFleet,
  runningFleet,
} from "./fleet-control.ts";
export { LogFiles } from "./log-files.ts";
export { LogOutput, type LogOutputOptions } from "./log-output.ts";
export type { ManagedProcess, ProcessListener, ProcessSpec } from "./managed-process.ts";
export { defaultPolicy, type RestartPolicy } from "./options.ts";
export { checkPort, type PortCheck } from "./ports.ts";
export { SharedListener } from "./shared-listener.ts";
export { SharedPort } from "./shared-port.ts";
export type { ReloadWay, Slot, SlotSpec } from "./slot.ts";
export {
  type ProcessStatus,
  type ReloadReport,
  type ScaleReport,
  Supervisor,
  type SupervisorOptions,
} from "./supervisor.ts";
