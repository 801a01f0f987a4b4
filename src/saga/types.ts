import type { SagaState, SagaSummary } from "../contract/index.ts";
import type { SqlRunner } from "../events/index.ts";
import type { DureError } from "../kit/index.ts";
import type { Saga } from "./saga.ts";

/** How a saga stands. */
export type SagaOutcome<Output> =
  | { readonly state: "done"; readonly output: Output }
  /** Undone; `error` is what made it fail. */
  | { readonly state: "failed" | "abandoned"; readonly error: DureError }
  | { readonly state: "running" | "compensating" | "stuck" };

/** A saga that is started for a request. */
export interface SagaPlace {
  readonly id: string;
  /** The request's `ctx.traceparent`. */
  readonly traceparent: string;
  /** The request's `ctx.tracestate`. Default: there is none. */
  readonly tracestate?: string | undefined;
}

/** The sagas of a service. */
export interface Sagas {
  /**
   * Writes a new saga into the transaction; it begins after the commit, here or on another instance of the service. False, and nothing
   * happens, if there is one of that id. With `{ id, traceparent, tracestate }` of the handler's context its steps are part of the
   * request's trace.
   */
  start<Input>(
    transaction: SqlRunner,
    saga: Saga<Input, any>,
    place: string | SagaPlace,
    input: Input,
  ): Promise<boolean>;
  /** Waits until it has ended, at most `waitMs`. Undefined for an id that is not known. */
  outcome<Output>(
    saga: Saga<any, Output>,
    id: string,
    waitMs: number,
  ): Promise<SagaOutcome<Output> | undefined>;
  /** The newest ones, of one state if it is given. */
  list(state?: SagaState): Promise<SagaSummary[]>;
  /** One that is stuck goes on; FAILED_PRECONDITION if it is not stuck. */
  retry(id: string): Promise<void>;
  /** One that is stuck is left as it is, for good; FAILED_PRECONDITION if it is not stuck. */
  abandon(id: string): Promise<void>;
  /** Handlers of `sagaOperations()`. */
  readonly handlers: SagaHandlers;
}

/** What `dure sagas` calls. */
export interface SagaHandlers {
  sagas(input: {
    readonly state?: SagaState | undefined;
    readonly id?: string | undefined;
  }): Promise<{ items: SagaSummary[] }>;
  retrySaga(input: { readonly id: string }): Promise<void>;
  abandonSaga(input: { readonly id: string }): Promise<void>;
}
