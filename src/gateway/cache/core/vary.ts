import type { HeaderList } from "../../../http/index.ts";
import { fieldOf } from "./fields.ts";

/** The request's fields that an answer depends on, with their values (RFC 9111, section 4.1). */
export type Selection = readonly (readonly [name: string, value: string | undefined])[];

/** What `Vary` selects of a request. */
export function selectionOf(request: HeaderList, answer: HeaderList): Selection {
  const names = fieldOf(answer, "vary")?.toLowerCase().split(",") ?? [];
  const fields = [...new Set(names.map((name) => name.trim()).filter(Boolean))].sort();
  return fields.map((name) => [name, normalised(fieldOf(request, name))] as const);
}

/** Whether a request is one that the selection was made from. */
export function isSelected(request: HeaderList, selection: Selection): boolean {
  return selection.every(([name, value]) => normalised(fieldOf(request, name)) === value);
}

/** White space around commas means nothing in a list. */
function normalised(value: string | undefined): string | undefined {
  return value?.replace(/[\t ]*,[\t ]*/g, ", ").trim();
}
