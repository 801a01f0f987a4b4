import { DureError } from "../kit/index.ts";
import { isBytes } from "./bytes.ts";
import { checkedCache, checkTags } from "./cache-policy.ts";
import type {
  ContractDescription,
  EventDescription,
  HttpBinding,
  OperationDescription,
} from "./description.ts";
import { EventRuntime } from "./event-runtime.ts";
import type {
  EventDefinition,
  EventOptions,
  Operation,
  OperationKind,
  OperationOptions,
} from "./operation.ts";
import { OperationRuntime } from "./operation-runtime.ts";
import { partitionOf } from "./partition.ts";
import { jsonSchemaOf, type Schema } from "./schema.ts";
import { isStreamOf, itemSchema } from "./stream.ts";

/** What a contract is made of. */
export interface ContractMembers {
  readonly [name: string]: Operation | EventDefinition;
}

/** A contract: its operations and events by name, as plain properties. */
export type Contract<
  Name extends string = string,
  Members extends ContractMembers = ContractMembers,
> = Members & {
  readonly "~contract": { readonly name: Name };
};

/** Any contract at all. */
export type AnyContract = { readonly "~contract": { readonly name: string } };

/** What {@link contract} takes beside the members. */
export interface ContractOptions {
  /** Default `1.0.0`. Shown to people; compatibility is decided operation by operation. */
  readonly version?: string;
}

/** What is known of a contract behind its members. */
export interface ContractData {
  readonly description: ContractDescription;
  readonly operations: ReadonlyMap<string, OperationRuntime>;
}

const contractData = new WeakMap<object, ContractData>();
const eventRuntimes = new WeakMap<object, EventRuntime>();
const namePattern = /^[a-z][a-z0-9-]*$/;
const memberPattern = /^[a-zA-Z][a-zA-Z0-9]*$/;
const httpPattern = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/;

/**
 * Defines what a service offers. Data only: import it anywhere, also in browsers. Throws INVALID_ARGUMENT, naming contract
 * and member, for a bad name or path and for schemas that JSON cannot carry.
 */
export function contract<const Name extends string, const Members extends ContractMembers>(
  name: Name,
  members: Members,
  options: ContractOptions = {},
): Contract<Name, Members> {
  if (!namePattern.test(name)) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `contract name "${name}": use lower case letters, digits and dashes, as in "order-items"`,
    );
  }
  const operations = new Map<string, OperationRuntime>();
  const operationDescriptions: Record<string, OperationDescription> = {};
  const events: Record<string, EventDescription> = {};
  const built: Record<string, unknown> = {};
  for (const [member, declared] of Object.entries(members)) {
    const where = `${name}.${member}`;
    if (!memberPattern.test(member)) {
      throw new DureError("INVALID_ARGUMENT", `${where}: use letters and digits, as in "addItem"`);
    }
    const options = declaredOptions(declared, where);
    if (declared.kind === "event") {
      const { data, ...rest } = options as { data: Schema } & EventOptions<unknown>;
      const jsonSchema = jsonSchemaOf(data, "output", where);
      const { purges } = rest;
      if (purges) checkTags(purges, jsonSchema, where);
      events[member] = { data: jsonSchema, ...(purges ? { purges } : {}) };
      const definition = { kind: "event", name: where };
      eventRuntimes.set(definition, new EventRuntime(where, data, jsonSchema, rest));
      built[member] = definition;
      continue;
    }
    const description = describeOperation(declared.kind, options as OperationOptions, where);
    operationDescriptions[member] = description;
    const runtime = new OperationRuntime(name, member, description, options as OperationOptions);
    operations.set(member, runtime);
    built[member] = runtime.asMember();
  }
  const description = {
    name,
    version: options.version ?? "1.0.0",
    operations: operationDescriptions,
    events,
  };
  return withData(built, { description, operations }) as Contract<Name, Members>;
}

/** Makes a contract of its members. */
export function withData(members: Record<string, unknown>, data: ContractData): AnyContract {
  const made = { ...members, "~contract": { name: data.description.name } };
  contractData.set(made, data);
  return made;
}

/** The contract as plain data. */
export function describe(contract: AnyContract): ContractDescription {
  return dataOf(contract).description;
}

/** The contract's operations with their compiled parsers and serialisers. */
export function operationsOf(contract: AnyContract): ReadonlyMap<string, OperationRuntime> {
  return dataOf(contract).operations;
}

/** An event with its compiled parser and serialiser. Throws INVALID_ARGUMENT for what is no event of a contract. */
export function eventOf(definition: EventDefinition): EventRuntime {
  const runtime = eventRuntimes.get(definition);
  if (runtime) return runtime;
  throw new DureError(
    "INVALID_ARGUMENT",
    "not an event of a contract: use it as contract.event, as in products.added",
  );
}

function dataOf(contract: AnyContract): ContractData {
  const data = contractData.get(contract);
  if (!data)
    throw new DureError("INVALID_ARGUMENT", "not a contract: make it with contract(name, { ... })");
  return data;
}

function declaredOptions(member: Operation | EventDefinition, where: string): unknown {
  const options = (member as { "~declared"?: unknown })["~declared"];
  if (options === undefined) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `${where} is not an op(), raw() or event() of its own; each belongs to one contract`,
    );
  }
  return options;
}

const idempotentMethods = new Set(["GET", "PUT", "DELETE"]);

function describeOperation(
  kind: OperationKind,
  options: OperationOptions,
  where: string,
): OperationDescription {
  const http = options.http === undefined ? undefined : parseHttp(options, where);
  const errors: Record<string, OperationDescription["errors"][string]> = {};
  for (const [code, { status, data }] of Object.entries(options.errors ?? {})) {
    if (status < 400 || status > 599) {
      throw new DureError(
        "INVALID_ARGUMENT",
        `${where}: error ${code} has status ${status}; use 400 to 599`,
      );
    }
    errors[code] = data
      ? { status, data: jsonSchemaOf(data, "output", `${where} error ${code}`) }
      : { status };
  }
  const output =
    options.output && jsonSchemaOf(itemSchema(options.output), "output", `${where} output`);
  if (http && output && isBytes(output)) {
    const message = `${where}: an op() answers HTTP with JSON; declare it with raw() to answer with bytes`;
    throw new DureError("INVALID_ARGUMENT", message);
  }
  return {
    kind,
    ...(options.summary === undefined ? {} : { summary: options.summary }),
    ...(http ? { http } : {}),
    auth: options.auth === "public" ? "public" : "required",
    scopes: options.scopes ?? [],
    ...(options.allow ? { allow: options.allow } : {}),
    ...(options.input
      ? { input: jsonSchemaOf(itemSchema(options.input), "input", `${where} input`) }
      : {}),
    ...(isStreamOf(options.input) ? { hasInputStream: true } : {}),
    ...(output ? { output } : {}),
    ...partitionOf(options, where),
    errors,
    isIdempotent: options.idempotent ?? (http !== undefined && idempotentMethods.has(http.method)),
    idempotencyKey: options.idempotency ?? "optional",
    ...(options.cache ? { cache: checkedCache(options, { kind, where }) } : {}),
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
  };
}

function parseHttp(options: OperationOptions, where: string): HttpBinding {
  const match = httpPattern.exec(options.http ?? "");
  const [, method, path] = match ?? [];
  if (!method || !path) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `${where}: http "${options.http}" is not "METHOD /path", as in "GET /products/:id"`,
    );
  }
  return {
    method,
    path,
    status: options.status ?? (options.output ? 200 : 204),
    ...(options.encodedSlashes ? { hasEncodedSlashes: true } : {}),
  };
}
