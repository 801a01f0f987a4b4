import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Logger } from "../telemetry/index.ts";
import type { ClientOf } from "./client.ts";
import type { AnyContract } from "./contract.ts";
import type { EventDefinition, Operation } from "./operation.ts";
import type { Schema } from "./schema.ts";

/** Who a call is made for, verified at the gateway. Plain JSON. */
export interface Principal {
  /** Whom the credentials name. */
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Other verified claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Where nodes have certificates: by whom the above is vouched for. It travels along, and is nobody's business outside of the mesh. */
  readonly proof?: string;
}

/** A value that travels with a call through every hop. */
export interface Key<Value> {
  readonly name: string;
  readonly schema: Schema;
  readonly "~value"?: Value;
}

/** Names a value that travels every hop, and says what it may be. */
export function key<S extends Schema>(
  name: string,
  schema: S,
): Key<StandardSchemaV1.InferOutput<S>> {
  return { name, schema };
}

/** What every handler and hook is given beside the input. */
export interface CallContext {
  readonly operation: { readonly service: string; readonly name: string };
  /** Aborted when the caller gives up or the deadline passes. */
  readonly signal: AbortSignal;
  /** Time left for this call, in ms; never negative. */
  remainingMs(): number;
  /** Who the call is made for; undefined on a public operation without credentials and on calls of the fleet itself. */
  readonly principal: Principal | undefined;
  /** W3C trace context of this call. */
  readonly traceparent: string;
  /** What other tracing systems say of the trace (`tracestate`); undefined where they say nothing. */
  readonly tracestate: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** 0 for the first attempt of the caller. */
  readonly attempt: number;
  /** A logger that adds service, operation and trace to each line. */
  readonly log: Logger;
  /** Calls another service with what is left of this call's time, for the same principal and trace. */
  client<C extends AnyContract>(contract: C): ClientOf<C>;
  /** The same over HTTP, with services as hosts: `ctx.fetch("http://reviews/reviews?productId=7")`. Answers as the gateway would. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /**
   * Publishes an event; resolves once it is stored. For data that is stored with it, publish in the same transaction instead.
   * Rejects with UNAVAILABLE while the event log cannot be reached.
   */
  publish<Data>(event: EventDefinition<Data>, data: Data, options?: PublishOptions): Promise<void>;
  /** All values that travel with the call, by the names of their keys, to pass them on as they are; undefined where there are none. */
  readonly baggage: Readonly<Record<string, unknown>> | undefined;
  /** A value that travels with the call. */
  get<Value>(key: Key<Value>): Value | undefined;
}

/** The longest {@link PublishOptions.delayMs}: a year. */
export const delayMsMax = 365 * 24 * 3_600_000;

/** How an event is published. */
export interface PublishOptions {
  /** It is published so much later, in ms, at most a year: only then has it its place in the order of its key. Default 0. */
  readonly delayMs?: number | undefined;
}

/** Works at a time of a schedule; `at` is that time. When it rejects, it is tried again like an event. */
export type ScheduledHandler = (ctx: CallContext, at: Date) => Promise<unknown> | unknown;

/** How a service works by the clock. */
export interface ScheduleOptions {
  /** Where the clock stands, such as `Asia/Seoul`. Default `UTC`. */
  readonly timeZone?: string | undefined;
}

/** Works on an event. When it rejects, the event is tried again; `ctx.idempotencyKey` is the same each time. */
export type EventHandler<Data> = (data: Data, ctx: CallContext) => Promise<unknown> | unknown;

/** How a service takes events. */
export interface SubscribeOptions {
  /** Instances of one group share the events. Default: the service's name. */
  readonly group?: string | undefined;
  /** Where a new group begins: with all that is kept, or with what comes from now on. Default `beginning`. */
  readonly start?: "beginning" | "now" | undefined;
  /** Events worked on at once by one instance; those of one key never are. Default 32. */
  readonly concurrency?: number | undefined;
}

/** A subscription as the runtime reads it. */
export interface OnEvent extends SubscribeOptions {
  readonly handler: EventHandler<any>;
}

/** What a handler of one operation gets: {@link CallContext} and its own errors. */
export interface Context<Errors = any> extends CallContext {
  /** Ends the call with one of the operation's own errors. */
  fail<Code extends keyof Errors & string>(
    ...args: Errors[Code] extends undefined ? [code: Code] : [code: Code, data: Errors[Code]]
  ): never;
}

/** The function that answers one operation. */
export type Handler<Op extends Operation> =
  Op extends Operation<any, infer In, infer Out, any, infer Errors>
    ? Op extends { readonly kind: "stream" }
      ? (input: In, ctx: Context<Errors>) => Out
      : (input: In, ctx: Context<Errors>) => HandlerResult<Out> | Promise<HandlerResult<Out>>
    : never;

type HandlerResult<Out> = undefined extends Out ? Out | void : Out;

/** A handler for each operation of a contract. */
export type HandlersOf<C extends AnyContract> = {
  readonly [Name in keyof C as C[Name] extends Operation ? Name : never]: C[Name] extends Operation
    ? Handler<C[Name]>
    : never;
};

/** A call as a hook sees it. */
export interface HookedCall extends CallContext {
  readonly input: unknown;
  /** The same call with a value added that travels on. */
  with<Value>(key: Key<Value>, value: Value): HookedCall;
}

/** Runs around every call of the services that use it. */
export interface Hook {
  readonly name: string;
  readonly run: (
    call: HookedCall,
    next: (call: HookedCall) => Promise<unknown>,
  ) => Promise<unknown> | unknown;
}

/** Makes a hook: do something before, call `next`, do something after. */
export function hook(name: string, run: Hook["run"]): Hook {
  return { name, run };
}
