import {
  failureProblem,
  gatewayProblem,
  type HeaderList,
  type Problem,
  type Refusal,
  type Route,
  rawResponseHeaders,
} from "../http/index.ts";
import type { CallFailure, Response as WireResponse } from "../wire/index.ts";

/** Where a problem arose. */
export interface Place {
  readonly path: string;
}

/** Statuses whose answers have no body (Fetch Standard, "null body status"). */
const bodiless = new Set([101, 204, 205, 304]);

/** What an operation answered. */
export function answered({ body, status, headers }: WireResponse, { operation }: Route): Response {
  if (operation.kind === "raw") return respond(status ?? 200, rawResponseHeaders(headers), body);
  const code = status ?? operation.http?.status ?? 200;
  return respond(code, code === 204 ? [] : [["content-type", "application/json"]], body);
}

/** A call that failed, as a problem document. */
export function failed(failure: CallFailure, { operation }: Route, { path }: Place): Response {
  return problemResponse(failureProblem(failure, operation, { path, requestId: "" }));
}

/** A request that was not made, as a problem document. */
export function refused({ status, detail, headers, errors }: Refusal, { path }: Place): Response {
  const problem = gatewayProblem(status, detail, { path, requestId: "" });
  return problemResponse(errors ? { ...problem, errors } : problem, headers);
}

function problemResponse(
  { requestId: _, ...problem }: Problem,
  headers: HeaderList = [],
): Response {
  const all: HeaderList = [["content-type", "application/problem+json"], ...headers];
  return respond(problem.status, all, JSON.stringify(problem));
}

function respond(status: number, headers: HeaderList, body: Uint8Array | string): Response {
  return new Response(bodiless.has(status) ? null : (body as Uint8Array<ArrayBuffer> | string), {
    status,
    headers: headers as [string, string][],
  });
}
