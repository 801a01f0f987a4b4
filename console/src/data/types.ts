/** What the server's answers are made of. */
import type { z } from "zod";
import type * as edge from "../../../src/console/schemas/edge.ts";
import type * as fleet from "../../../src/console/schemas/fleet.ts";
import type * as telemetry from "../../../src/console/schemas/telemetry.ts";
import type * as work from "../../../src/console/schemas/work.ts";

export type FleetNode = z.infer<typeof fleet.FleetNode>;
export type NodeLoad = z.infer<typeof fleet.NodeLoad>;
export type FleetEdge = z.infer<typeof fleet.FleetEdge>;
export type FleetUpdate = z.infer<typeof fleet.FleetUpdate>;
export type FleetDistributor = z.infer<typeof fleet.FleetDistributor>;
export type Process = z.infer<typeof fleet.Process>;
export type OperationTraffic = z.infer<typeof fleet.OperationTraffic>;
export type ContractEntry = z.infer<typeof edge.ContractEntry>;
export type OperationEntry = ContractEntry["operations"][number];
export type TriedCall = z.infer<typeof edge.TriedCall>;
export type RouteEntry = z.infer<typeof edge.RouteEntry>;
export type NodeLimits = z.infer<typeof edge.NodeLimits>;
export type CacheStatistics = z.infer<typeof edge.CacheStatistics>;
export type AuditEntry = z.infer<typeof edge.AuditEntry>;
export type TraceSummary = z.infer<typeof telemetry.TraceSummary>;
export type TraceSpan = z.infer<typeof telemetry.TraceSpan>;
export type LogLine = z.infer<typeof telemetry.LogLine>;
export type LogFilter = z.infer<typeof telemetry.LogFilter>;
export type Topics = z.infer<typeof work.Topics>;
export type DeadLetter = z.infer<typeof work.DeadLetter>;
export type SagaView = z.infer<typeof work.SagaView>;
