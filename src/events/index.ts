/**
 * events: the durable log of what has happened, and how services publish to it and take from it. The log itself is a service of the
 * mesh; everything else here runs in the nodes that use it.
 */
export { eventsIn } from "./core/packed-events.ts";
export { unpackAnswer } from "./core/poll-answer.ts";
export { engineStorages } from "./engine-storages.ts";
export { type EventLogOptions, eventLogService } from "./event-log-service.ts";
export { eventLog } from "./log-contract.ts";
export { meshEvents } from "./mesh-events.ts";
export { type Inbox, type InboxOptions, openInbox } from "./outbox/inbox.ts";
export { type KeyedRequest, keyedRequest } from "./outbox/keyed-request.ts";
export { type Outbox, type OutboxHost, type OutboxOrigin, openOutbox } from "./outbox/outbox.ts";
export {
  createTables,
  inDialect,
  type SqlDatabase,
  type SqlRunner,
} from "./outbox/sql-database.ts";
export {
  openProjection,
  type ProjectedEvent,
  type Projection,
  type ProjectionOptions,
  projects,
} from "./projection.ts";
export { memoryStorage, openStorage, type Storage } from "./storage/storage.ts";
