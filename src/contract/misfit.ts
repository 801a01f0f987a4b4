/** What is wrong with a value that is to be written, and where. */
import { DureError } from "../kit/index.ts";
import type { JsonSchema } from "./description.ts";

/** A value that does not fit its schema; `path` starts with a dot or bracket. */
export class Misfit extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/** What was expected, and what was there. */
export function misfit(value: unknown, expected: string, path: string): Misfit {
  if (value === undefined) return new Misfit(path, "is missing");
  const got = value === null ? "null" : Array.isArray(value) ? "a list" : `${typeof value}`;
  return new Misfit(path, `must be ${expected}, not ${got}`);
}

/** The same for users: INTERNAL naming the field, which is in `details.path`. What is no misfit is thrown on. */
export function misfitError(thrown: unknown, where: string): DureError {
  if (!(thrown instanceof Misfit)) throw thrown;
  return new DureError("INTERNAL", `${where}${thrown.path} ${thrown.message}`, {
    details: { path: thrown.path.replace(/^\./, "") },
    cause: thrown,
  });
}

/** Where `#`, `#/$defs/Name` and the like lead within a schema. */
export function referencedSchema(root: JsonSchema, reference: string): unknown {
  let node: unknown = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    node = (node as Record<string, unknown> | undefined)?.[key];
  }
  if (node === undefined)
    throw new DureError("INVALID_ARGUMENT", `JSON Schema reference ${reference} leads nowhere`);
  return node;
}
