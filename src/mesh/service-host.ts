import {
  type AnyContract,
  check,
  describe,
  type EnvSchemas,
  type EventRuntime,
  eventOf,
  type Hook,
  type OperationRuntime,
  operationsOf,
  type PublishOptions,
  type Resource,
  type ResourceOverride,
  type Service,
  serviceDefinition,
} from "../contract/index.ts";
import { Closers, DureError } from "../kit/index.ts";
import type { Metrics } from "../telemetry/index.ts";
import type { DeclaredSubscription } from "./event-delivery.ts";
import type { ContextSource } from "./handler-context.ts";
import { inBackground } from "./in-context.ts";
import { type DeclaredSchedule, declareSchedule } from "./schedules.ts";

/** A service that has been set up. */
export interface HostedService {
  readonly name: string;
  readonly contract: AnyContract;
  readonly operations: ReadonlyMap<string, OperationRuntime>;
  readonly handlers: Readonly<Record<string, (input: unknown, ctx: any) => unknown>>;
  readonly hooks: readonly Hook[];
  readonly subscriptions: readonly DeclaredSubscription[];
  readonly schedules: readonly DeclaredSchedule[];
}

/** What setting up a service needs. */
export interface ServiceHostOptions {
  readonly env: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly provide: readonly ResourceOverride[];
  readonly metrics: Metrics;
  readonly contexts: ContextSource;
  clientFor(contract: AnyContract): unknown;
  fetch(request: Request): Promise<Response>;
  publish(event: EventRuntime, data: unknown, options?: PublishOptions): Promise<void>;
}

/** Sets services up and keeps what they opened; resources are shared and opened once. */
export class ServiceHost {
  readonly #options: ServiceHostOptions;
  readonly #closers = new Closers();
  readonly #resources = new Map<Resource<unknown>, Promise<unknown>>();
  readonly #stop = new AbortController();

  constructor(options: ServiceHostOptions) {
    this.#options = options;
  }

  /** Runs a service's setup. Throws INVALID_ARGUMENT listing every problem of its environment, or what is wrong with its handlers. */
  async host(service: Service): Promise<HostedService> {
    const { contract, env: schemas, hooks, setup } = serviceDefinition(service);
    const { name } = describe(contract);
    const operations = operationsOf(contract);
    const logger = this.#options.contexts.logger.child({ service: name });
    const given = this.#options.env[name] ?? {};
    const env = await readEnv(name, schemas, given);
    const subscriptions: DeclaredSubscription[] = [];
    const schedules: DeclaredSchedule[] = [];
    let handlers: HostedService["handlers"] | undefined;
    await setup({
      env,
      log: logger,
      metrics: this.#options.metrics,
      signal: this.#stop.signal,
      use: (resource) => this.#use(resource, given) as never,
      client: (other) => this.#options.clientFor(other) as never,
      fetch: async (input, init) => this.#options.fetch(new Request(input, init)),
      on: (event, handler, options) =>
        subscriptions.push({
          service: name,
          event: eventOf(event),
          subscription: { ...options, handler },
        }),
      publish: async (event, data, options) => this.#options.publish(eventOf(event), data, options),
      every: (cron, handler, options) => {
        schedules.push(declareSchedule(name, cron, handler, options));
      },
      within: (work, run) => inBackground(this.#options.contexts, name, work, run),
      onStop: (stop) => this.#closers.add(stop),
      handle: (taken) => {
        handlers = taken as never;
        return { "~handlers": true };
      },
    });
    const missing = [...operations.keys()].filter(
      (operation) => typeof handlers?.[operation] !== "function",
    );
    if (!handlers || missing.length > 0) {
      throw new DureError(
        "INVALID_ARGUMENT",
        `service ${name} has no handler for ${missing.join(", ")}; pass all to handle({ ... })`,
      );
    }
    return { name, contract, operations, handlers, hooks, subscriptions, schedules };
  }

  /** Ends background work, then closes what was opened, last first. */
  async close(): Promise<void> {
    this.#stop.abort(new DureError("CANCELLED", "the service stops"));
    await this.#closers.close();
  }

  #use(resource: Resource<unknown>, env: Readonly<Record<string, string>>): Promise<unknown> {
    let opening = this.#resources.get(resource);
    if (!opening) {
      const override = this.#options.provide.find((candidate) => candidate.resource === resource);
      opening = Promise.resolve(override ? override.open() : resource.open(env));
      this.#resources.set(resource, opening);
    }
    return opening;
  }
}

async function readEnv(
  service: string,
  schemas: EnvSchemas,
  given: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const env: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, schema] of Object.entries(schemas)) {
    const checked = await check(schema, given[name]);
    if ("value" in checked) env[name] = checked.value;
    else problems.push(`${name}: ${checked.issues.map(({ message }) => message).join(", ")}`);
  }
  if (problems.length > 0) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `the environment of service ${service} is not complete: ${problems.join("; ")}`,
      { details: { problems } },
    );
  }
  return env;
}
