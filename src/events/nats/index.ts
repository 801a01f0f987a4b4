/** events/nats: the event log's data in NATS JetStream. */
export {
  type NatsClient,
  type NatsStorageOptions,
  openNatsStorage,
} from "./nats-storage.ts";
