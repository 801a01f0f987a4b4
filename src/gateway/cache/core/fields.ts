import type { HeaderList } from "../../../http/index.ts";

/** The value of a field, several lines joined as a list; names are in lower case. */
export function fieldOf(headers: HeaderList, name: string): string | undefined {
  let found: string | undefined;
  for (const [field, value] of headers)
    if (field === name) found = found === undefined ? value : `${found}, ${value}`;
  return found;
}

/** Without some fields. */
export function without(headers: HeaderList, names: ReadonlySet<string>): HeaderList {
  return headers.filter(([name]) => !names.has(name));
}
