/** What is looked at before a file is used: SQLite notices damage only where it happens to stumble over it. */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { damaged } from "./damage.ts";
import { savedTextOf, tableNames } from "./tables.ts";

/**
 * Throws DATA_LOSS for a file whose tables are not what was written. Looks at everything but events, which are many: those are
 * checked when they are read.
 */
export function checkFile(database: DatabaseSync, path: string): void {
  const found = database
    .prepare("select name, sql from sqlite_schema where type = 'table'")
    .all() as { name: string; sql: string }[];
  if (path !== ":memory:") checkSize(database, path);
  if (found.length === 0) return;
  checkPages(database, path, "sqlite_schema");
  for (const { name, sql } of found)
    if (!name.startsWith("sqlite_") && sql !== savedTextOf(name))
      throw damaged(path, `its table ${name} is not one of the log's`);
  const names = new Set(found.map(({ name }) => name));
  for (const name of tableNames) {
    if (!names.has(name)) throw damaged(path, `its table ${name} is missing`);
    checkPages(database, path, name);
  }
}

/** Nothing shortens the file: fewer pages than it has room for means that new ones would be written over old ones. */
function checkSize(database: DatabaseSync, path: string): void {
  const { page_count: pages } = database.prepare("pragma page_count").get() as {
    page_count: number;
  };
  const { page_size: size } = database.prepare("pragma page_size").get() as { page_size: number };
  if (pages * size < statSync(path).size)
    throw damaged(path, `it says that it has ${pages} pages, and has more`);
}

function checkPages(database: DatabaseSync, path: string, table: string): void {
  const { integrity_check: verdict } = database
    .prepare(`pragma integrity_check(${table})`)
    .get() as { integrity_check: string };
  if (verdict !== "ok") throw damaged(path, `table ${table}: ${verdict.split("\n")[0]}`);
}
