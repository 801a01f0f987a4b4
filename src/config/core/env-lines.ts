/** A line that gives a name a value, as Node's `parseEnv` reads it. */
const assignment = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/;

/** The lines of an `.env` file on which its names have their values, from 1. Of a name that is there twice, the last, which counts. */
export function envLines(text: string): ReadonlyMap<string, number> {
  const lines = text.split(/\r?\n/);
  const found = new Map<string, number>();
  for (let at = 0; at < lines.length; at += 1) {
    const [, name, value = ""] = assignment.exec(lines[at] as string) ?? [];
    if (name === undefined) continue;
    found.set(name, at + 1);
    at = endOfValue(lines, at, value);
  }
  return found;
}

/** A value in quotes may go on over several lines, and hold what looks like an assignment. */
function endOfValue(lines: readonly string[], at: number, value: string): number {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.indexOf(quote, 1) !== -1) return at;
  const end = lines.findIndex((line, index) => index > at && line.includes(quote));
  return end === -1 ? at : end;
}
