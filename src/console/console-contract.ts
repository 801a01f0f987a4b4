/**
 * What the pages of the console ask for: the whole of its server, as a contract. Runs in browsers. Every operation but `signIn` needs the
 * bearer that `signIn` gives; those that change something need an operator's. What needs a part of the platform that is not there (an
 * event log, a supervisor) fails with UNAVAILABLE and says so; `session` tells beforehand.
 */
import { z } from "zod";
import { contract, op, raw, sagaStates, stream } from "../contract/index.ts";
import {
  AuditEntry,
  CacheStatistics,
  ContractEntry,
  NodeLimits,
  RouteEntry,
  TriedCall,
} from "./schemas/edge.ts";
import { FleetUpdate, OperationTraffic, Process } from "./schemas/fleet.ts";
import { LogFilter, LogLine, TraceSpan, TraceSummary } from "./schemas/telemetry.ts";
import { DeadLetter, SagaView, Topics } from "./schemas/work.ts";

/** Scope of all that only looks. */
export const readScope = "console:read";
/** Scope of all that changes something. */
export const operateScope = "console:operate";

const read = { scopes: [readScope], idempotent: true } as const;
const operate = { scopes: [operateScope] } as const;

const limit = z.int().min(1).max(500).default(100);
const text = z.string().max(200);
const items = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });
const Failure = z.object({ name: z.string(), reason: z.string() });

/** The whole of the console's server. */
export const consoleContract = contract("console", {
  /** The pages. */
  page: raw({ http: "GET /", auth: "public" }),
  asset: raw({ http: "GET /assets/:file", auth: "public" }),

  /** Gives a bearer for the token of a URL, once. Too many wrong tokens: WaitAWhile. */
  signIn: op({
    http: "POST /api/sign-in",
    auth: "public",
    input: z.object({ token: z.string().max(500) }),
    output: z.object({ bearer: z.string(), expiresAt: z.number() }),
    errors: {
      WrongToken: { status: 401, data: z.object({ reason: z.enum(["wrong", "used", "expired"]) }) },
      WaitAWhile: { status: 429, data: z.object({ seconds: z.int() }) },
    },
  }),
  /** Who is signed in, and what there is to see here. */
  session: op({
    ...read,
    http: "GET /api/session",
    output: z.object({
      who: z.string(),
      canOperate: z.boolean(),
      expiresAt: z.number(),
      /** Name of the mesh (the project). */
      mesh: z.string(),
      /** Version of Dure. */
      version: z.string(),
      has: z.object({ supervisor: z.boolean(), eventLog: z.boolean(), telemetry: z.boolean() }),
    }),
  }),

  /** The fleet, and then what changes. */
  fleet: op({
    ...read,
    http: "GET /api/fleet",
    output: stream(FleetUpdate),
    deadlineMs: 30_000,
  }),
  /** Traffic of a service by operation and caller, as counted since the last look some seconds ago. */
  traffic: op({
    ...read,
    http: "GET /api/services/:service/traffic",
    input: z.object({ service: text }),
    output: items(OperationTraffic),
  }),

  contracts: op({ ...read, http: "GET /api/contracts", output: items(ContractEntry) }),
  /** Calls an operation as this session's user. Streams are read for as long as `streamItemsMax` and the deadline allow. */
  tryCall: op({
    ...operate,
    http: "POST /api/calls",
    input: z.object({
      service: text,
      operation: text,
      /** Absent for an operation that takes nothing. */
      input: z.unknown().optional(),
      deadlineMs: z.int().min(1).max(30_000).default(5_000),
      streamItemsMax: z.int().min(1).max(100).default(20),
    }),
    output: TriedCall,
    deadlineMs: 35_000,
  }),

  /** Newest first. */
  traces: op({
    ...read,
    http: "GET /api/traces",
    input: z.object({
      service: text.optional(),
      /** Part of the root's name, or the whole trace id. */
      text: text.optional(),
      onlyErrors: z.boolean().default(false),
      durationMsMin: z.number().min(0).optional(),
      /** `startedAt` of the last trace that one has. */
      before: z.number().optional(),
      limit,
    }),
    output: items(TraceSummary),
  }),
  trace: op({
    ...read,
    http: "GET /api/traces/:traceId",
    input: z.object({ traceId: z.string().max(64) }),
    output: z.object({
      summary: TraceSummary,
      spans: z.array(TraceSpan),
      /** Spans that others name as their parent and that nobody has told of. */
      missing: z.int(),
      /** Spans that were more than an answer holds. */
      leftOut: z.int(),
    }),
    errors: { NoSuchTrace: { status: 404 } },
  }),

  /** Newest first; `before` is the id of the last line that one has. */
  logs: op({
    ...read,
    http: "GET /api/logs",
    input: LogFilter.extend({
      before: z.int().optional(),
      limit,
    }),
    output: items(LogLine),
  }),
  /** Lines as they come, some at a time, and nothing at all every ten seconds; `dropped` ones came faster than they could be sent. */
  followLogs: op({
    ...read,
    http: "GET /api/logs/live",
    input: LogFilter,
    output: stream(z.object({ lines: z.array(LogLine), dropped: z.int() })),
    deadlineMs: 30_000,
  }),

  topics: op({ ...read, http: "GET /api/topics", output: Topics }),
  /** Oldest first; `after` is the id of the last letter that one has. */
  deadLetters: op({
    ...read,
    http: "GET /api/dead-letters",
    input: z.object({ group: text.optional(), after: z.int().default(0), limit }),
    output: items(DeadLetter),
  }),
  /** Gives a letter back to its group, with other data if `body` (JSON text) is given. */
  replayDeadLetter: op({
    ...operate,
    http: "POST /api/dead-letters/:id/replay",
    input: z.object({
      id: z.int(),
      body: z
        .string()
        .max(1024 * 1024)
        .optional(),
    }),
    output: z.object({ group: z.string(), topic: z.string() }),
    errors: { NoSuchLetter: { status: 404 } },
  }),
  dropDeadLetter: op({
    ...operate,
    http: "DELETE /api/dead-letters/:id",
    input: z.object({ id: z.int() }),
    errors: { NoSuchLetter: { status: 404 } },
  }),

  /** The newest of each service; `failures` names services that did not answer. */
  sagas: op({
    ...read,
    http: "GET /api/sagas",
    input: z.object({ service: text.optional(), state: z.enum(sagaStates).optional(), limit }),
    output: z.object({ items: z.array(SagaView), failures: z.array(Failure) }),
  }),
  saga: op({
    ...read,
    http: "GET /api/sagas/:service/:id",
    input: z.object({ service: text, id: text }),
    output: SagaView,
    errors: { NoSuchSaga: { status: 404 } },
  }),
  /** One that is stuck goes on. */
  retrySaga: op({
    ...operate,
    http: "POST /api/sagas/:service/:id/retry",
    input: z.object({ service: text, id: text }),
  }),
  /** One that is stuck is left as it is, for good. */
  abandonSaga: op({
    ...operate,
    http: "POST /api/sagas/:service/:id/abandon",
    input: z.object({ service: text, id: text }),
  }),

  /** Of the supervisor on the console's machine. */
  processes: op({ ...read, http: "GET /api/processes", output: items(Process) }),
  /** Gives places to new processes, one after another; answers when that is over, or has failed. */
  reload: op({
    ...operate,
    http: "POST /api/processes/reload",
    /** Processes (`products-1`) or all of a kind (`products`). Empty: all that run the project's own code. */
    input: z.object({ names: z.array(text).max(1_000) }),
    output: z.object({
      reloaded: z.array(z.string()),
      failures: z.array(Failure),
      untouched: z.array(z.string()),
    }),
    deadlineMs: 600_000,
  }),
  scale: op({
    ...operate,
    http: "POST /api/processes/scale",
    input: z.object({ kind: text, count: z.int().min(0).max(1_000) }),
    output: z.object({ failures: z.array(Failure) }),
    deadlineMs: 120_000,
  }),

  routes: op({ ...read, http: "GET /api/routes", output: items(RouteEntry) }),
  /** Where a gateway would send a request, and why, one reason a line. Nothing is called. */
  explainRoute: op({
    ...read,
    http: "POST /api/routes/explain",
    input: z.object({
      method: z.string().max(20),
      /** Path and query. */
      target: z.string().max(2_000),
      host: text.optional(),
      headers: z
        .array(z.object({ name: text, value: z.string().max(2_000) }))
        .max(50)
        .default([]),
    }),
    output: z.object({ to: z.string(), reasons: z.array(z.string()) }),
  }),
  limits: op({ ...read, http: "GET /api/limits", output: items(NodeLimits) }),
  caches: op({ ...read, http: "GET /api/caches", output: items(CacheStatistics) }),

  /** Newest first. */
  audit: op({
    ...read,
    http: "GET /api/audit",
    input: z.object({ before: z.int().optional(), limit }),
    output: items(AuditEntry),
  }),
});
