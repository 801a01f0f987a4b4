import type { ColumnDefinitionBuilder, CreateTableBuilder } from "kysely";
import type { Engine } from "./database.ts";

/** Adds a primary key `id` that the engine counts up. */
export function withId<Table extends CreateTableBuilder<any, any>>(
  table: Table,
  { isPostgres }: Engine,
): Table {
  const counted = (column: ColumnDefinitionBuilder) =>
    isPostgres ? column.primaryKey() : column.primaryKey().autoIncrement();
  return table.addColumn("id", isPostgres ? "serial" : "integer", counted) as Table;
}
