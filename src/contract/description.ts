import type { OperationCacheOptions, OperationKind } from "./operation.ts";

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** How an operation appears on HTTP. */
export interface HttpBinding {
  /** Upper case: `GET`, `POST`, `PUT`, `PATCH`, `DELETE`. */
  readonly method: string;
  /** Starts with `/`; parameters as `:name`; a last segment `*` takes the rest. */
  readonly path: string;
  /** The status of a success. Default 200; 204 where the operation has no output. */
  readonly status: number;
  /** Whether `%2F` and `%5C` may be in a path. Absent: such a path is refused. */
  readonly hasEncodedSlashes?: true;
}

/** One of a contract's own errors. */
export interface ErrorDescription {
  readonly status: number;
  readonly data?: JsonSchema;
}

/** An operation as plain data. */
export interface OperationDescription {
  /** `call`: JSON in, JSON out. `stream`: JSON in, items out. `raw`: an HTTP request in, an HTTP response out. */
  readonly kind: OperationKind;
  /** The doc text given as `summary`, for OpenAPI. */
  readonly summary?: string;
  readonly http?: HttpBinding;
  /** Whether an HTTP caller must be authenticated. Closed by default. */
  readonly auth: "public" | "required";
  /** Scopes that the principal must all have; checked where the operation is handled. */
  readonly scopes: readonly string[];
  /** The services that may call it; absent: every member of the mesh. */
  readonly allow?: readonly string[];
  /** Absent: the operation takes no input. */
  readonly input?: JsonSchema;
  /** The input is a stream: `input` is the schema of one item. */
  readonly hasInputStream?: true;
  /** Absent: the operation returns nothing (HTTP 204). Of a stream: one item. */
  readonly output?: JsonSchema;
  /** The field of the input that decides which instance answers. */
  readonly partitionField?: string;
  readonly errors: { readonly [code: string]: ErrorDescription };
  /** Whether a second execution is harmless: GET, PUT, DELETE, or declared with `idempotent: true`. */
  readonly isIdempotent: boolean;
  /** `required`: an HTTP caller must send `Idempotency-Key`. */
  readonly idempotencyKey: "required" | "optional";
  /** How long gateways may keep its answers; absent: not at all. */
  readonly cache?: OperationCacheOptions;
  /** The operation's own default deadline, in ms. */
  readonly deadlineMs?: number;
}

/** An event as plain data. */
export interface EventDescription {
  readonly data: JsonSchema;
  /** The tags of cached answers that it purges, with fields of the data in braces. */
  readonly purges?: readonly string[];
}

/** A contract as plain data: what travels in the registry, what the gateway routes by, what OpenAPI is made from. */
export interface ContractDescription {
  readonly name: string;
  readonly version: string;
  readonly operations: { readonly [name: string]: OperationDescription };
  readonly events: { readonly [name: string]: EventDescription };
}
