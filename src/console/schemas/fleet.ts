/** What the console shows of nodes, traffic and processes. Times are in ms since 1970, durations in ms, rates per second. */
import { z } from "zod";

/** One process of the mesh. */
export const FleetNode = z.object({
  id: z.string(),
  /** What people call it: usually the service's name. */
  name: z.string(),
  /** The stable label, as `products-1`; empty for a node that has none. */
  slot: z.string(),
  machine: z.string(),
  /** `host:port` by which others call it; empty for a node that only calls. */
  address: z.string(),
  zone: z.string(),
  pid: z.int(),
  startedAt: z.number(),
  /** What it says of itself. */
  state: z.enum(["ready", "draining", "quarantined"]),
  /** What the console's own node thinks: no word from a Distributor is `unvouched`, an unanswered probe `suspect`. */
  health: z.enum(["live", "unvouched", "suspect"]),
  /** Its instances: a service and the version it has here. */
  services: z.array(z.object({ name: z.string(), version: z.string() })),
  /** Where it answers HTTP, if it is a gateway. */
  urls: z.array(z.string()),
});

/** A Distributor that a node is told to use. */
export const FleetDistributor = z.object({
  address: z.string(),
  isConnected: z.boolean(),
});

/** How busy a node is. `null`: it has not told. */
export const NodeLoad = z.object({
  id: z.string(),
  /** Requests that it worked on. */
  perS: z.number(),
  /** 0 to 1. */
  errorShare: z.number(),
  p99Ms: z.number().nullable(),
  inFlight: z.number(),
  memoryBytes: z.number().nullable(),
  /** Cores it keeps busy. */
  cpuShare: z.number().nullable(),
  /** How late its event loop ran, the worst percent. */
  loopLagMs: z.number().nullable(),
  /** The Distributors that it is told to use. */
  distributors: z.array(FleetDistributor).nullable(),
});

/** Calls of the nodes of one name to a service: an edge of the call graph. */
export const FleetEdge = z.object({
  /** Name of the nodes that call. */
  from: z.string(),
  /** The service. */
  to: z.string(),
  perS: z.number(),
  /** 0 to 1. */
  errorShare: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});

/** All calls of the fleet together. */
export const Totals = z.object({
  perS: z.number(),
  errorShare: z.number(),
  p99Ms: z.number().nullable(),
});

/**
 * The fleet as it is (`isWhole`), or what has changed since the last item. An entry replaces the one of the same id; `gone` ones are
 * removed. At most one item a second; one in ten seconds even where nothing changed, so silence means a broken connection.
 */
export const FleetUpdate = z.object({
  isWhole: z.boolean(),
  at: z.number(),
  nodes: z.array(FleetNode),
  /** Ids. */
  goneNodes: z.array(z.string()),
  loads: z.array(NodeLoad),
  edges: z.array(FleetEdge),
  goneEdges: z.array(z.object({ from: z.string(), to: z.string() })),
  /** Those of the console's own node: all of them, if one has changed. */
  distributors: z.array(FleetDistributor).optional(),
  totals: Totals,
  /** Nodes and edges that are more than an item holds, and so are not shown. */
  leftOut: z.int(),
});

/** Traffic of one operation, as the nodes that handle it count it. */
export const OperationTraffic = z.object({
  operation: z.string(),
  /** Name of the nodes that call. */
  caller: z.string(),
  perS: z.number(),
  errorShare: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});

/** A process of the supervisor, as `dure ps` has it. `null`: no process runs, or it has told nothing yet. */
export const Process = z.object({
  name: z.string(),
  pid: z.int().nullable(),
  port: z.int().nullable(),
  state: z.string(),
  restarts: z.int(),
  uptimeMs: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  cpuShare: z.number().nullable(),
  lastExit: z.string().nullable(),
});
