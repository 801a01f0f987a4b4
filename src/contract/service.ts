import type { StandardSchemaV1 } from "@standard-schema/spec";
import { DureError } from "../kit/index.ts";
import type { Logger, Metrics } from "../telemetry/index.ts";
import type { ClientOf } from "./client.ts";
import type {
  CallContext,
  EventHandler,
  HandlersOf,
  Hook,
  PublishOptions,
  ScheduledHandler,
  ScheduleOptions,
  SubscribeOptions,
} from "./context.ts";
import type { AnyContract } from "./contract.ts";
import type { EventDefinition } from "./operation.ts";
import type { Schema } from "./schema.ts";

/** Something that services share within a process and that is opened and closed once: a database, a mailer. */
export interface Resource<Value> {
  readonly name: string;
  readonly open: (env: Readonly<Record<string, string>>) => Value | Promise<Value>;
  /** Puts something else in its place, for tests. */
  with(replacement: () => Value | Promise<Value>): ResourceOverride;
}

/** A resource and what takes its place. */
export interface ResourceOverride {
  readonly resource: Resource<any>;
  readonly open: () => unknown;
}

/** Makes a resource; it is opened when the first service of a process uses it. */
export function resource<Value>(name: string, open: Resource<Value>["open"]): Resource<Value> {
  const made: Resource<Value> = {
    name,
    open,
    with: (replacement) => ({ resource: made, open: replacement }),
  };
  return made;
}

/** The environment that a service declares: names and what they may be. */
export type EnvSchemas = { readonly [name: string]: Schema };
/** The values of a declared environment. */
export type EnvOf<Env extends EnvSchemas> = {
  readonly [Name in keyof Env]: StandardSchemaV1.InferOutput<Env[Name]>;
};

/** Work that no request begins. */
export interface BackgroundWork {
  /** What traces and logs call it. */
  readonly name: string;
  /** The W3C trace context of what it is a part of. Default: it begins a trace. */
  readonly traceparent?: string | undefined;
  /** The `tracestate` beside it. Default: there is none. */
  readonly tracestate?: string | undefined;
  /** Gives up what it calls. Default: nothing does. */
  readonly signal?: AbortSignal | undefined;
  /** Time for what it calls, in ms. Default 30,000. */
  readonly deadlineMs?: number | undefined;
}

/** What a service's setup works with. */
export interface SetupContext<C extends AnyContract, Env extends EnvSchemas> {
  /** The declared environment, validated. Services never read `process.env`. */
  readonly env: EnvOf<Env>;
  readonly log: Logger;
  /** For what the service counts and measures itself. */
  readonly metrics: Metrics;
  /** Opens a shared resource, or gives the one that is open. */
  use<Value>(resource: Resource<Value>): Promise<Value>;
  /** Calls other services outside of a request: in background work. */
  client<Other extends AnyContract>(contract: Other): ClientOf<Other>;
  /** The same over HTTP, with services as hosts. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Takes events: at least once, in the order of their keys. Instances of the service share them. */
  on<Data>(
    event: EventDefinition<Data>,
    handler: EventHandler<Data>,
    options?: SubscribeOptions,
  ): void;
  /** Publishes an event outside of a request. */
  publish<Data>(event: EventDefinition<Data>, data: Data, options?: PublishOptions): Promise<void>;
  /**
   * Does something by the clock, once for all instances of the service: `every("0 3 * * *", ...)`, in cron's five fields, or six with
   * seconds first. Needs the event log. A time at which no instance runs is passed over. Throws INVALID_ARGUMENT for what is no schedule.
   */
  every(cron: string, handler: ScheduledHandler, options?: ScheduleOptions): void;
  /**
   * Background work as a span of its own, with a context as handlers have it: what that calls is a part of the span. Rejects with what
   * `run` throws.
   */
  within<Output>(
    work: BackgroundWork,
    run: (context: CallContext) => Output,
  ): Promise<Awaited<Output>>;
  /** Aborted when the service stops; background work ends by it. */
  readonly signal: AbortSignal;
  /** Called in reverse order when the service stops. */
  onStop(stop: () => unknown): void;
  /** Takes the handlers: one for each operation. */
  handle(handlers: HandlersOf<C>): Handlers;
}

/** What `handle` returns and `setup` hands back. */
export interface Handlers {
  readonly "~handlers": true;
}

/** How a service is written when it needs more than handlers. */
export interface ServiceOptions<C extends AnyContract, Env extends EnvSchemas> {
  readonly env?: Env;
  readonly use?: readonly Hook[];
  setup(context: SetupContext<C, Env>): Handlers | Promise<Handlers>;
}

/** A contract with its handlers, ready to be hosted. */
export interface Service {
  readonly "~service": { readonly name: string };
}

/** What the runtime reads from a service. */
export interface ServiceDefinition {
  readonly contract: AnyContract;
  readonly env: EnvSchemas;
  readonly hooks: readonly Hook[];
  readonly setup: (context: SetupContext<any, any>) => Handlers | Promise<Handlers>;
}

const definitions = new WeakMap<Service, ServiceDefinition>();

/** Puts handlers to a contract. */
export function service<C extends AnyContract, const Env extends EnvSchemas = Record<never, never>>(
  contract: C,
  options: ServiceOptions<C, Env> | ServiceOptions<C, Env>["setup"],
): Service {
  const full: ServiceOptions<C, Env> = typeof options === "function" ? { setup: options } : options;
  const made: Service = { "~service": { name: contract["~contract"].name } };
  definitions.set(made, {
    contract,
    env: full.env ?? {},
    hooks: full.use ?? [],
    setup: (context) => full.setup(context),
  });
  return made;
}

/** What a service is made of. Throws INVALID_ARGUMENT for anything that `service()` did not make. */
export function serviceDefinition(service: Service): ServiceDefinition {
  const definition = definitions.get(service);
  if (!definition) {
    throw new DureError(
      "INVALID_ARGUMENT",
      "not a service: a service file exports default service(contract, ...)",
    );
  }
  return definition;
}
