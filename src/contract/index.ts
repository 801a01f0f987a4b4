/**
 * contract: what services offer, as data and types; how values are checked, written and described. Pure: nothing here does
 * I/O or imports `node:`, so browsers can use contracts.
 */
export { bytes } from "./bytes.ts";
export { filledTags } from "./cache-policy.ts";
export type { Call, CallOptions, ClientOf, PlatformError, Result } from "./client.ts";
export { contractMisfits, operationMisfits } from "./compatibility.ts";
export {
  type CallContext,
  type Context,
  delayMsMax,
  type EventHandler,
  type Handler,
  type HandlersOf,
  type Hook,
  type HookedCall,
  hook,
  type Key,
  key,
  type OnEvent,
  type Principal,
  type PublishOptions,
  type ScheduledHandler,
  type ScheduleOptions,
  type SubscribeOptions,
} from "./context.ts";
export {
  type AnyContract,
  type Contract,
  type ContractMembers,
  type ContractOptions,
  contract,
  describe,
  eventOf,
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
export { EventRuntime } from "./event-runtime.ts";
export { type OpenApiInfo, toOpenApi } from "./openapi.ts";
export {
  type EventDefinition,
  type EventOptions,
  event,
  type Operation,
  type OperationError,
  type OperationFrom,
  type OperationKind,
  type OperationOptions,
  op,
  type RawOptions,
  raw,
} from "./operation.ts";
export { OperationRuntime } from "./operation-runtime.ts";
export type { Params } from "./params.ts";
export { describedContract, pick } from "./pick.ts";
export type { RequestVerifier, UnverifiedRequest } from "./request-verifier.ts";
export {
  type SagaState,
  type SagaSummary,
  sagaOperations,
  sagaStates,
} from "./saga-operations.ts";
export { type Checked, check, type Issue, type Schema } from "./schema.ts";
export { type Secret, secret } from "./secret.ts";
export {
  type BackgroundWork,
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
export { type StreamOf, stream } from "./stream.ts";
