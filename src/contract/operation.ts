import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Schema } from "./schema.ts";
import { isStreamOf, type StreamOf } from "./stream.ts";

/** One of an operation's own errors, as declared. */
export interface ErrorOption {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  /** What the error carries. */
  readonly data?: Schema;
}

/** How long a gateway may keep the answers to a GET. */
export interface OperationCacheOptions {
  /** So long an answer is fresh, in seconds; clients are told too. */
  readonly maxAgeS: number;
  /** So much longer it may be sent while it is asked for again in the background. */
  readonly staleWhileRevalidateS?: number;
  /** So much longer it may be sent while the service fails. */
  readonly staleIfErrorS?: number;
  /**
   * Names under which an answer is purged, with fields of the input in braces: `["products", "product:{id}"]`. Events say with the same
   * names what they purge. Clients are then told to ask each time, since no purge reaches them.
   */
  readonly tags?: readonly string[];
  /** Each principal has its own answers: needed unless the operation is public. */
  readonly by?: "principal";
}

/** What {@link op} takes. */
export interface OperationOptions {
  /** Method and path, as `GET /products/:id`. Absent: the operation is for the mesh alone. */
  readonly http?: string;
  /** HTTP status of a success. Default 200, or 204 without an output. */
  readonly status?: number;
  /**
   * Let a path parameter hold an encoded slash or backslash, as `/packages/@scope%2Fname`. Default false: such a path is 400, since
   * readers differ on whether it ends the segment. Dot segments and control characters stay refused.
   */
  readonly encodedSlashes?: boolean;
  /** Who may call over HTTP. Default: only an authenticated principal. */
  readonly auth?: "public";
  /** Scopes the principal must have, all of them. Checked where the operation is handled. */
  readonly scopes?: readonly string[];
  /** The services that may call it; others are refused. Needs certificates, which prove names. Default: every member of the mesh. */
  readonly allow?: readonly string[];
  /** What the operation takes; `stream(schema)` for any number of items. */
  readonly input?: Schema | StreamOf;
  /** What it answers; `stream(schema)` for items one after another. */
  readonly output?: Schema | StreamOf;
  /** Calls with the same key go to the same instance: `(input) => input.id`. With `http` it must be a plain field of the input. */
  readonly partitionBy?: (input: any) => string | number;
  readonly errors?: { readonly [code: string]: ErrorOption };
  /** A second execution is harmless, so a call without an answer may be sent again. GET, PUT and DELETE are. */
  readonly idempotent?: boolean;
  /** Refuse an HTTP call without `Idempotency-Key`. */
  readonly idempotency?: "required";
  /** Default time for a call, in ms; a caller's own deadline wins if it is shorter. */
  readonly deadlineMs?: number;
  /**
   * Answers may be kept by gateways. Only for GET. Without `by` the handler is called as nobody, whoever asks: what is kept is for all.
   */
  readonly cache?: OperationCacheOptions;
  /** One line for the API page. */
  readonly summary?: string;
}

/** What {@link raw} takes. */
export interface RawOptions {
  readonly http: string;
  /** As for {@link OperationOptions}. */
  readonly encodedSlashes?: boolean;
  readonly auth?: "public";
  readonly scopes?: readonly string[];
  readonly deadlineMs?: number;
  readonly summary?: string;
}

/** `call`: one answer. `stream`: items one after another. `raw`: an HTTP request in, an HTTP response out. */
export type OperationKind = "call" | "stream" | "raw";

/** The shape of an operation's errors: code to data. */
export type ErrorShapes = { readonly [code: string]: unknown };

/**
 * One callable unit of a contract. The type parameters are what a caller passes, what the handler gets, what the handler
 * returns, what the caller gets, and the errors; they live in a field that is never there.
 */
export interface Operation<
  CallIn = any,
  HandlerIn = any,
  HandlerOut = any,
  CallOut = any,
  Errors extends ErrorShapes = any,
> {
  readonly kind: OperationKind;
  /** The contract's name. */
  readonly service: string;
  /** The operation's own name. */
  readonly operation: string;
  /** Whether a caught value is this operation's error `code`; narrows its `data`. */
  is<Code extends keyof Errors & string>(
    error: unknown,
    code: Code,
  ): error is OperationError<Code, Errors[Code]>;
  /** @internal */
  readonly "~types"?: {
    readonly callIn: CallIn;
    readonly handlerIn: HandlerIn;
    readonly handlerOut: HandlerOut;
    readonly callOut: CallOut;
    readonly errors: Errors;
  };
}

/** A contract's own error as a caller sees it. */
export interface OperationError<Code extends string = string, Data = unknown> extends Error {
  readonly code: Code;
  readonly data: Data;
}

type InputOf<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<S>
  : S extends StreamOf<infer Item extends Schema>
    ? AsyncIterable<StandardSchemaV1.InferInput<Item>>
    : undefined;
type OutputOf<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : S extends StreamOf<infer Item extends Schema>
    ? AsyncIterable<StandardSchemaV1.InferOutput<Item>>
    : undefined;
type Field<Options, Key extends string> = Options extends { readonly [K in Key]: infer Value }
  ? Value
  : undefined;

type ErrorsOf<Options> = Options extends { readonly errors: infer Errors }
  ? {
      readonly [Code in keyof Errors]: Errors[Code] extends { readonly data: infer S }
        ? InputOf<S>
        : undefined;
    }
  : Record<never, never>;

/** The operation that these options declare. */
export type OperationFrom<Options> = Operation<
  InputOf<Field<Options, "input">>,
  OutputOf<Field<Options, "input">>,
  InputOf<Field<Options, "output">>,
  OutputOf<Field<Options, "output">>,
  ErrorsOf<Options>
> &
  (Field<Options, "output"> extends StreamOf ? { readonly kind: "stream" } : unknown);

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type PathParameters<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathParameters<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** Refusals that the editor shows at the property that is wrong. */
export type CheckedOptions<Options> = {
  readonly [Key in Exclude<keyof Options, keyof OperationOptions>]: never;
} & (Options extends { readonly http: infer Http extends string }
  ? Http extends `${Method} /${string}`
    ? [Exclude<PathParameters<Http>, keyof InputOf<Field<Options, "input">>>] extends [never]
      ? unknown
      : {
          readonly http: `path parameter missing in input: ${Exclude<PathParameters<Http>, keyof InputOf<Field<Options, "input">>> & string}`;
        }
    : { readonly http: `${Method} /path` }
  : unknown);

/** Declares an operation with JSON in and JSON out; either may be a stream of items. */
export function op<const Options extends OperationOptions>(
  options: Options & CheckedOptions<Options>,
): OperationFrom<Options> {
  const kind = isStreamOf(options.output) ? "stream" : "call";
  return { kind, "~declared": options } as unknown as OperationFrom<Options>;
}

/** Declares an operation that gets the HTTP request and returns the HTTP response: pages, files, redirects. */
export function raw<const Options extends RawOptions>(
  options: Options,
): Operation<Request, Request, Response, Response, Record<never, never>> & {
  readonly kind: "raw";
} {
  return { kind: "raw", "~declared": options } as never;
}

/** An event of a contract. `Data` is what it carries. */
export interface EventDefinition<Data = any> {
  readonly kind: "event";
  /** `contract.event`. */
  readonly name: string;
  readonly "~data"?: Data;
}

/** What {@link event} takes beside the schema. */
export interface EventOptions<Data> {
  /** Events of one key keep their order. */
  readonly key?: (data: Data) => string;
  /** The `tags` of cached answers that no longer hold, with fields of the data in braces: `["products", "product:{id}"]`. */
  readonly purges?: readonly string[];
}

/** Declares an event. */
export function event<S extends Schema>(
  data: S,
  options: EventOptions<StandardSchemaV1.InferOutput<S>> = {},
): EventDefinition<StandardSchemaV1.InferOutput<S>> {
  return { kind: "event", "~declared": { data, ...options } } as never;
}
