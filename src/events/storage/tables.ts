/**
 * The tables of the log's file. Their texts are compared with what the file says when it is opened: a flipped bit in a name or a type
 * would otherwise begin an empty table, or change what is stored.
 */
const tables: Readonly<Record<string, string>> = {
  meta: "(name text primary key, value integer not null, crc integer not null) without rowid",
  sources:
    "(name text primary key, epoch integer not null, seq integer not null, at integer not null, crc integer not null) without rowid",
  topics: "(id integer primary key, name text not null unique, crc integer not null)",
  // Which table holds which offsets of a topic, from `first` to before `next`; retention drops whole tables.
  segments:
    "(topic integer not null, first integer not null, next integer not null, last_at integer not null, bytes integer not null, crc integer not null, primary key (topic, first)) without rowid",
  consumer_groups:
    "(id integer primary key, name text not null, topic text not null, cursors blob not null, crc integer not null, unique (name, topic))",
  parked:
    "(group_id integer not null, offset integer not null, lane integer not null, due integer not null, history text not null, event text not null, crc integer not null, primary key (group_id, offset)) without rowid",
  // A group has one letter of an event at most: what is told again changes nothing.
  dead_letters:
    "(id integer primary key autoincrement, group_name text not null, topic text not null, offset integer not null, at integer not null, event text not null, history text not null, crc integer not null, unique (group_name, topic, offset))",
};

/** A row is what one source has published in one append: `count` events from `offset` on, numbered from `seq` on. */
const blockColumns =
  "(offset integer primary key, count integer not null, at integer not null, source text not null, epoch integer not null, seq integer not null, events blob not null, crc integer not null)";

/** All tables but those of events. */
export const tableNames = Object.keys(tables);

/** Makes the tables that are missing. */
export const schema = Object.entries(tables)
  .map(([name, columns]) => `create table if not exists ${name} ${columns};`)
  .join(" ");

/** The name of the table that holds a topic's events from an offset on. */
export function eventTable(topic: number, first: number): string {
  return `events_${topic}_${first}`;
}

export function createEventTable(name: string): string {
  return `create table ${name} ${blockColumns}`;
}

/** The text that SQLite keeps of a table; undefined for a table that is none of the log's. */
export function savedTextOf(name: string): string | undefined {
  const columns = /^events_\d+_\d+$/.test(name) ? blockColumns : tables[name];
  return columns === undefined ? undefined : `CREATE TABLE ${name} ${columns}`;
}
