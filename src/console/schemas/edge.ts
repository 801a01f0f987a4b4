/** Contracts, routes, limits and caches as the console shows them. */
import { z } from "zod";

const JsonSchemaObject = z.record(z.string(), z.unknown());

/** An operation that can be tried. */
const OperationEntry = z.object({
  name: z.string(),
  kind: z.enum(["call", "stream", "raw"]),
  summary: z.string(),
  /** `METHOD /path` of the gateway; `null`: for the mesh alone. */
  http: z.string().nullable(),
  auth: z.enum(["public", "required"]),
  scopes: z.array(z.string()),
  isIdempotent: z.boolean(),
  /** `null`: takes nothing. */
  input: JsonSchemaObject.nullable(),
  /** `null`: answers nothing; of a stream, the schema of an item. */
  output: JsonSchemaObject.nullable(),
  errors: z.array(
    z.object({ code: z.string(), status: z.int(), data: JsonSchemaObject.nullable() }),
  ),
});

/** One version of a contract that somebody offers. */
export const ContractEntry = z.object({
  service: z.string(),
  version: z.string(),
  hash: z.string(),
  /** Slots (or names) of the nodes that offer it. */
  nodes: z.array(z.string()),
  operations: z.array(OperationEntry),
  events: z.array(z.object({ name: z.string(), data: JsonSchemaObject })),
});

/** How a call went that was tried. */
export const TriedCall = z.object({
  isOk: z.boolean(),
  /** It was made for no principal: the mesh has certificates, and believes none of the console's. */
  isForNobody: z.boolean(),
  durationMs: z.number(),
  /** For `trace` and `logs`. */
  traceId: z.string(),
  /** What it answered; the first items of a stream. */
  answers: z.array(z.unknown()),
  /** Whether a stream had more. */
  hasMore: z.boolean(),
  error: z
    .object({ code: z.string(), message: z.string(), data: z.unknown().optional() })
    .nullable(),
});

/** One route of the gateways. */
export const RouteEntry = z.object({
  /** `*`: every method. */
  method: z.string(),
  path: z.string(),
  to: z.string(),
  /** Empty: the contract says it. */
  auth: z.enum(["public", "required", ""]),
});

/** What holds calls back on one node. */
export const NodeLimits = z.object({
  node: z.string(),
  inFlight: z.number(),
  /** How many may be at work at once, as found by watching latency; `null`: it has not told. */
  concurrencyMax: z.number().nullable(),
  /** Requests that were refused before they were begun, by operation and code. */
  refused: z.array(
    z.object({ service: z.string(), operation: z.string(), code: z.string(), perS: z.number() }),
  ),
  /** Services that it calls: instances in the pick and out of it, and the share of calls not even sent. */
  callees: z.array(
    z.object({
      service: z.string(),
      instancesIn: z.int(),
      instancesEjected: z.int(),
      throttledShare: z.number(),
      retriesPerS: z.number(),
      pending: z.number(),
    }),
  ),
  /** Rate limits of a gateway by policy. */
  policies: z.array(
    z.object({
      policy: z.string(),
      limitedPerS: z.number(),
      limitedTotal: z.number(),
      uncountedTotal: z.number(),
    }),
  ),
});

/** The cache of one gateway, since it started. */
export const CacheStatistics = z.object({
  node: z.string(),
  entries: z.int(),
  bytes: z.number(),
  bytesMax: z.number(),
  /** Requests by how the cache answered them, as `hit`, `stale`, `miss`. */
  answers: z.array(z.object({ how: z.string(), total: z.number(), perS: z.number() })),
});

/** Something that somebody did here. */
export const AuditEntry = z.object({
  id: z.int(),
  at: z.number(),
  /** Whose session: the name given when its URL was made, with the session's number. */
  who: z.string(),
  remoteAddress: z.string(),
  /** The operation, as `reload`. */
  action: z.string(),
  /** What it was done to, in words. */
  target: z.string(),
  /** `ok`, or the error's code. */
  outcome: z.string(),
});
