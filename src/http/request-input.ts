/** What a request brings to its operation, checked as far as that can be done without the operation's schema. */
import { Buffer } from "node:buffer";
import type { OperationDescription } from "../contract/index.ts";
import { andThen } from "../kit/index.ts";
import { parseIdempotencyKey } from "./idempotency-key.ts";
import { JsonLines } from "./json-lines.ts";
import type { Refusal, Step } from "./refusal.ts";
import type { Target } from "./target.ts";

/** A request, as far as its input goes. */
export interface InputSource {
  readonly target: Target;
  header(name: string): string | undefined;
  /** Whether a body was announced. */
  readonly hasBody: boolean;
  body(): Promise<Uint8Array>;
  bodyChunks(bytesMax: number): AsyncIterable<Uint8Array>;
}

/** What is called with. */
export interface RequestInput {
  /** Path and query together, as the text of a JSON object. */
  readonly params: string | undefined;
  readonly body: Uint8Array;
  /** Items, where the operation takes a stream. */
  readonly items: JsonLines | undefined;
  readonly idempotencyKey: string | undefined;
  /** The value of the field that says which instance owns the data. */
  readonly partitionKey: string | undefined;
}

const jsonPattern = /^application\/(?:[\w.+-]+\+)?json(?:\s*;.*)?$/i;
const jsonLinesPattern = /^application\/(?:x-ndjson|ndjson|jsonl)(?:\s*;.*)?$/i;
const noBody = new Uint8Array(0);

/** Reads it. A body that is too large is thrown by its source. */
export function readInput(
  source: InputSource,
  operation: OperationDescription,
  pathParameters: Readonly<Record<string, string>>,
  itemBytesMax: number,
): Step<RequestInput> | Promise<Step<RequestInput>> {
  const keyHeader = source.header("idempotency-key");
  const idempotencyKey = keyHeader === undefined ? undefined : parseIdempotencyKey(keyHeader);
  const isKeyMissing = keyHeader === undefined && operation.idempotencyKey === "required";
  const isKeyWrong = keyHeader !== undefined && idempotencyKey === undefined;
  const refusal =
    refusalOfType(source, operation) ?? (isKeyMissing || isKeyWrong ? keyRefusal : undefined);
  if (refusal) return { refusal };
  const isRaw = operation.kind === "raw";
  const { query, search } = source.target;
  const hasQuery = search !== "" && hasSome(query);
  if (hasQuery && !isRaw && hasCommonName(query, pathParameters)) {
    const detail = "a name is given in the path and again in the query";
    return { refusal: { status: 400, detail } };
  }
  const given = hasQuery ? { ...query, ...pathParameters } : pathParameters;
  const isStream = operation.hasInputStream === true;
  const items = isStream
    ? new JsonLines(source.bodyChunks(Number.POSITIVE_INFINITY), itemBytesMax)
    : undefined;
  return andThen(source.hasBody && !isStream ? source.body() : noBody, (body) => {
    const partitionKey = partitionKeyOf(operation.partitionField, given, body);
    const rest = { body, items, idempotencyKey, partitionKey };
    return { value: new ReadInput(isRaw ? undefined : given, rest) };
  });
}

/** The parameters become text when somebody asks for it: an answer out of a cache needs none. */
class ReadInput implements RequestInput {
  readonly body: Uint8Array;
  readonly items: JsonLines | undefined;
  readonly idempotencyKey: string | undefined;
  readonly partitionKey: string | undefined;
  readonly #given: object | undefined;

  constructor(given: object | undefined, rest: Omit<RequestInput, "params">) {
    this.#given = given;
    this.body = rest.body;
    this.items = rest.items;
    this.idempotencyKey = rest.idempotencyKey;
    this.partitionKey = rest.partitionKey;
  }

  get params(): string | undefined {
    return this.#given && hasSome(this.#given) ? JSON.stringify(this.#given) : undefined;
  }
}

function hasSome(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

function hasCommonName(left: object, right: object): boolean {
  for (const name in left) if (Object.hasOwn(right, name)) return true;
  return false;
}

function refusalOfType(source: InputSource, operation: OperationDescription): Refusal | undefined {
  if (!source.hasBody || operation.kind === "raw") return undefined;
  const type = source.header("content-type");
  const [pattern, wanted] = operation.hasInputStream
    ? [jsonLinesPattern, "application/x-ndjson, one item a line"]
    : [jsonPattern, "application/json"];
  if (pattern.test(type ?? "")) return undefined;
  return { status: 415, detail: `send ${wanted}, not ${type ?? "a body without a content type"}` };
}

const keyRefusal: Refusal = {
  status: 400,
  detail:
    "this operation needs the header Idempotency-Key: 1 to 200 visible characters, a new one for each intent",
  errors: [{ field: "Idempotency-Key", message: "is missing or not valid" }],
};

/** As a caller with the contract's function would compute it. Input that has no such field is refused where it is validated. */
function partitionKeyOf(
  field: string | undefined,
  given: Readonly<Record<string, unknown>>,
  body: Uint8Array,
): string | undefined {
  if (field === undefined) return undefined;
  const value = given[field] ?? fieldOf(body, field);
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function fieldOf(body: Uint8Array, field: string): unknown {
  try {
    return (JSON.parse(Buffer.from(body).toString()) as Record<string, unknown> | null)?.[field];
  } catch {
    return undefined;
  }
}
