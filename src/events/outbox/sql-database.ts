/** Runs one statement and gives back its rows. Parameters are `?` for SQLite and `$1`, `$2` for PostgreSQL. */
export type SqlRunner = (
  statement: string,
  parameters: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>;

/** A service's own database, whatever query builder it uses. */
export interface SqlDatabase {
  readonly dialect: "sqlite" | "postgres";
  /** Outside of any transaction. */
  readonly run: SqlRunner;
  /** Commits what `work` did, or nothing of it if it rejects. */
  transaction<Value>(work: (run: SqlRunner) => Promise<Value>): Promise<Value>;
}

/** PostgreSQL: two that create the same table at once; "if not exists" is no lock (23505: unique violation, 42P07: duplicate table). */
const createdMeanwhile = new Set(["23505", "42P07"]);

/** Makes tables that are missing, also when several instances start at once. */
export async function createTables(
  { run }: SqlDatabase,
  statements: readonly string[],
): Promise<void> {
  for (const statement of statements) {
    try {
      await run(statement, []);
    } catch (thrown) {
      if (!createdMeanwhile.has((thrown as { code?: string }).code ?? "")) throw thrown;
    }
  }
}

/** A statement written with `?`, as the dialect wants it. */
export function inDialect({ dialect }: Pick<SqlDatabase, "dialect">, statement: string): string {
  if (dialect === "sqlite") return statement;
  let count = 0;
  return statement.replace(/\?/g, () => {
    count += 1;
    return `$${count}`;
  });
}
