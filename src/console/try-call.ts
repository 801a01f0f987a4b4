import type { z } from "zod";
import { DureError, now, random } from "../kit/index.ts";
import type { CallRequest, MeshNode } from "../mesh/index.ts";
import { TraceContext } from "../telemetry/index.ts";
import { type CallFailure, StreamFailure } from "../wire/index.ts";
import type { TriedCall } from "./schemas/edge.ts";

/** A call that somebody wants to try. */
export interface CallTrial {
  readonly service: string;
  readonly operation: string;
  readonly input?: unknown;
  readonly deadlineMs: number;
  readonly streamItemsMax: number;
  /** Whose session it is. */
  readonly who: string;
  readonly signal: AbortSignal;
}

type Tried = z.infer<typeof TriedCall>;

/** Characters of all answers together; a stream is not read beyond that. */
const answersSizeMax = 2 * 1024 * 1024;

/**
 * Makes a call as somebody who has the scopes that the operation asks for, and tells how it went. Throws NOT_FOUND for an operation
 * that nobody offers, FAILED_PRECONDITION for one that takes more than JSON, and for one that asks for scopes where the mesh does not
 * let this node say for whom a call is made.
 */
export async function tryCall(node: MeshNode, trial: CallTrial): Promise<Tried> {
  const { service, operation, input, deadlineMs } = trial;
  const { hash, description } = operationOf(node, service, operation);
  const trace = TraceContext.start(random);
  const principal = principalOf(node, trial, description.scopes);
  const request: CallRequest = {
    ref: { service, operation, contractHash: hash },
    body: input === undefined ? "" : JSON.stringify(input),
    isIdempotent: description.isIdempotent,
    head: { deadlineMs, principal, trace },
  };
  const startedAt = now();
  const told =
    description.kind === "stream"
      ? await streamed(node, request, trial)
      : await answered(node, request, trial.signal);
  const isForNobody = principal === undefined;
  return { ...told, isForNobody, durationMs: now() - startedAt, traceId: trace.traceId };
}

type Told = Omit<Tried, "durationMs" | "traceId" | "isForNobody">;

/** For whom the call is made; for nobody where the mesh would not believe it, and the operation does not ask. */
function principalOf(
  node: MeshNode,
  { service, operation, who }: CallTrial,
  scopes: readonly string[],
): string | undefined {
  const { vouching } = node;
  const principal = vouching.sign(JSON.stringify({ subject: `console:${who}`, scopes }));
  const judgement = vouching.judge(principal);
  // Not known yet: those who are asked wait for it.
  if (judgement === undefined || judgement === "unknown") return principal;
  if (scopes.length === 0) return undefined;
  const asked = `${service}.${operation} asks for the scopes ${scopes.join(", ")}`;
  throw new DureError("FAILED_PRECONDITION", `${asked}, but ${judgement.message}`);
}

async function answered(node: MeshNode, request: CallRequest, signal: AbortSignal): Promise<Told> {
  const pending = node.call(request);
  const onAbort = () => pending.cancel();
  signal.addEventListener("abort", onAbort, { once: true });
  const outcome = await pending.outcome;
  signal.removeEventListener("abort", onAbort);
  if (!outcome.ok) return { ...failed(outcome.failure), answers: [], hasMore: false };
  const { body } = outcome.response;
  const answers = body.length === 0 ? [] : [parsed(body)];
  return { isOk: true, answers, hasMore: false, error: null };
}

async function streamed(
  node: MeshNode,
  request: CallRequest,
  { streamItemsMax, signal }: CallTrial,
): Promise<Told> {
  const messages = node.openStream(request);
  const onAbort = () => messages.cancel();
  signal.addEventListener("abort", onAbort, { once: true });
  const answers: unknown[] = [];
  let size = 0;
  try {
    for await (const message of messages) {
      size += message.length;
      if (answers.length === streamItemsMax || size > answersSizeMax)
        return { isOk: true, answers, hasMore: true, error: null };
      answers.push(parsed(message));
    }
    return { isOk: true, answers, hasMore: false, error: null };
  } catch (thrown) {
    if (!(thrown instanceof StreamFailure)) throw thrown;
    // A stream that is silent for the time given has told what it had to tell.
    const { code } = thrown.failure;
    if (code === "DEADLINE_EXCEEDED" && answers.length > 0)
      return { isOk: true, answers, hasMore: true, error: null };
    return { ...failed(thrown.failure), answers, hasMore: false };
  } finally {
    signal.removeEventListener("abort", onAbort);
    messages.cancel();
  }
}

function failed({ code, message, data }: CallFailure): Pick<Told, "isOk" | "error"> {
  const more = data === undefined ? {} : { data: JSON.parse(data) };
  return { isOk: false, error: { code, message, ...more } };
}

function parsed(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString());
}

function operationOf(node: MeshNode, service: string, operation: string) {
  const { registry } = node;
  for (const { service: offered } of registry.instancesOf(service)) {
    const operations = node.contractOf(offered.contractHash)?.operations ?? {};
    const description = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (!description) continue;
    if (description.kind === "raw" || description.hasInputStream) {
      const what = description.kind === "raw" ? "an HTTP request" : "a stream";
      const message = `${service}.${operation} takes ${what}; send it through the gateway`;
      throw new DureError("FAILED_PRECONDITION", message);
    }
    return { hash: offered.contractHash, description };
  }
  throw new DureError("NOT_FOUND", `nobody in the mesh offers ${service}.${operation} now`);
}
