/** Lays rows out in columns: the first left-aligned, the others right-aligned; the first row is the heading. Markdown. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [heading = []] = rows;
  const widths = heading.map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  const lines = rows.map(
    (row) => `| ${heading.map((_, column) => pad(row[column] ?? "", column)).join(" | ")} |`,
  );
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  lines.splice(1, 0, `| ${rule.join(" | ")} |`);
  return lines.join("\n");
}

/** 173456 -> "173,456". */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A ratio with two decimals; "-" where there is nothing to divide. */
export function ratio(value: number, to: number | undefined): string {
  return to === undefined || !Number.isFinite(value / to) ? "-" : (value / to).toFixed(2);
}
