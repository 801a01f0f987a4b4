/** The log's tables in PostgreSQL. */
export const postgresTables = [
  "create table if not exists dure_log_meta (name text primary key, value bigint not null)",
  "create table if not exists dure_log_topics (id serial primary key, name text not null unique, first bigint not null, next bigint not null, last_at bigint not null, bytes bigint not null)",
  'create table if not exists dure_log_events (topic integer not null, "offset" bigint not null, at bigint not null, key text not null, id text not null, head text not null, body text not null, primary key (topic, "offset"))',
  "create table if not exists dure_log_sources (name text primary key, epoch bigint not null, seq bigint not null, at bigint not null)",
  "create table if not exists dure_log_groups (id serial primary key, name text not null, topic text not null, cursors text not null, unique (name, topic))",
  'create table if not exists dure_log_parked (group_id integer not null, "offset" bigint not null, lane integer not null, due bigint not null, history text not null, event text not null, primary key (group_id, "offset"))',
  'create table if not exists dure_log_letters (id bigserial primary key, group_name text not null, topic text not null, "offset" bigint not null, at bigint not null, event text not null, history text not null, unique (group_name, topic, "offset"))',
] as const;
