/** events/postgres: the event log's data in PostgreSQL. */
export {
  openPostgresStorage,
  type PostgresClient,
  type PostgresStorageOptions,
} from "./postgres-storage.ts";
