/** dure/node: what runs. Nodes, Distributors and gateways; needs Node.js. */
export {
  type CollectedLog,
  type CollectedLogsQuery,
  type CollectedSpan,
  type CollectedTrace,
  type Collector,
  type CollectorOptions,
  type CollectorStatus,
  createCollector,
  type TraceSummary,
  type TracesQuery,
} from "./console/index.ts";
export {
  type EventLogOptions,
  eventLogService,
  type Inbox,
  type InboxOptions,
  type KeyedRequest,
  keyedRequest,
  meshEvents,
  type Outbox,
  type OutboxHost,
  type OutboxOrigin,
  openInbox,
  openOutbox,
  openProjection,
  openStorage,
  type ProjectedEvent,
  type Projection,
  type ProjectionOptions,
  projects,
  type SqlDatabase,
  type SqlRunner,
} from "./events/index.ts";
export {
  createApiKey,
  createGateway,
  type Gateway,
  type GatewayOptions,
  rateLimitService,
} from "./gateway/index.ts";
export {
  type ConnectOptions,
  connect,
  createNode,
  type MeshConnection,
  type MeshNode,
  type NodeOptions,
} from "./mesh/index.ts";
export { createDistributor, type Distributor, type DistributorOptions } from "./registry/index.ts";
export {
  openSagas,
  type Saga,
  type SagaContext,
  type SagaHandlers,
  type SagaHost,
  type SagaOptions,
  type SagaOutcome,
  type SagaPlace,
  type Sagas,
  type StepContext,
  type StepOptions,
  saga,
  type WaitOptions,
} from "./saga/index.ts";
export {
  addProcessMetrics,
  createLogger,
  exposition,
  type Logger,
  openMetricsEndpoint,
} from "./telemetry/index.ts";
