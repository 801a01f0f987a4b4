/**
 * contract: what services offer, as data and types; how values are checked, written and described. Pure: nothing here does
 * I/O or imports `node:`, so browsers can use contracts.
 */
export type { Call, CallOptions, ClientOf, PlatformError, Result } from "./client.ts";
export {
  type CallContext,
  type Context,
  type Handler,
  type HandlersOf,
  type Hook,
  type HookedCall,
  hook,
  type Key,
  key,
  type Principal,
} from "./context.ts";
export {
  type AnyContract,
  type Contract,
  type ContractMembers,
  type ContractOptions,
  contract,
  describe,
  operationsOf,
} from "./contract.ts";
export { ContractError } from "./contract-error.ts";
export type {
  ContractDescription,
  ErrorDescription,
  EventDescription,
  HttpBinding,
  JsonSchema,
  OperationDescription,
} from "./description.ts";
export { type OpenApiInfo, toOpenApi } from "./openapi.ts";
export {
  type EventDefinition,
  event,
  type Operation,
  type OperationError,
  type OperationFrom,
  type OperationOptions,
  op,
  type RawOptions,
  raw,
} from "./operation.ts";
export { OperationRuntime } from "./operation-runtime.ts";
export type { Params } from "./params.ts";
export { type Checked, check, type Issue, type Schema } from "./schema.ts";
export { type Secret, secret } from "./secret.ts";
export {
  type EnvOf,
  type EnvSchemas,
  type Handlers,
  type Resource,
  type ResourceOverride,
  resource,
  type Service,
  type ServiceDefinition,
  type ServiceOptions,
  type SetupContext,
  service,
  serviceDefinition,
} from "./service.ts";
