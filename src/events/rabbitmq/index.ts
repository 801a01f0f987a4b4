/** events/rabbitmq: the event log's data in RabbitMQ. */
export type {
  RabbitmqChannel,
  RabbitmqClient,
  RabbitmqConfirmChannel,
  RabbitmqMessage,
  RabbitmqPublishOptions,
  RabbitmqQueueOptions,
} from "./rabbitmq-client.ts";
export { openRabbitmqStorage, type RabbitmqStorageOptions } from "./rabbitmq-storage.ts";
