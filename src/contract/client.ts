import type { DureError } from "../kit/index.ts";
import type { AnyContract } from "./contract.ts";
import type { ErrorShapes, Operation, OperationError } from "./operation.ts";

/** What one call may set for itself. */
export interface CallOptions {
  /** Time for the call, in ms. The caller's own remaining time wins if it is shorter. */
  readonly deadlineMs?: number;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal;
  /** Makes a second execution harmless where the callee keeps a journal of keys. */
  readonly idempotencyKey?: string;
  /** 0 (most important) to 7; default 3, or the caller's own. */
  readonly priority?: number;
  /** Calls with the same key prefer the same instance. */
  readonly key?: string;
}

/** How a call ended, as a value. */
export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

/** An error of the platform: its code is none of the contract's own. */
export type PlatformError = DureError;

type ContractErrors<Errors extends ErrorShapes> = {
  [Code in keyof Errors & string]: OperationError<Code, Errors[Code]>;
}[keyof Errors & string];

/** A call on its way: await it, or take how it ended as a value. */
export interface Call<Out, Errors extends ErrorShapes> extends Promise<Out> {
  /** Never rejects for an error of the callee or the platform. */
  result(): Promise<
    Result<Out, ContractErrors<Errors> | (PlatformError & { readonly data?: never })>
  >;
}

type CallArguments<In> = undefined extends In
  ? [input?: undefined, options?: CallOptions]
  : [input: In, options?: CallOptions];

/**
 * The operations of a contract as functions. One that answers a stream returns an async iterable: the call begins when it is read,
 * and leaving the loop ends it.
 */
export type ClientOf<C extends AnyContract> = {
  readonly [Name in keyof C as C[Name] extends Operation
    ? C[Name] extends { readonly kind: "raw" }
      ? never
      : Name
    : never]: C[Name] extends Operation<infer In, any, any, infer Out, infer Errors>
    ? C[Name] extends { readonly kind: "stream" }
      ? (...args: CallArguments<In>) => Out
      : (...args: CallArguments<In>) => Call<Out, Errors>
    : never;
};
