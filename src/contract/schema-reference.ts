import { DureError } from "../kit/index.ts";
import type { JsonSchema } from "./description.ts";

/** What `#`, `#/$defs/Name` and the like mean within a schema. Throws INVALID_ARGUMENT for a reference that leads nowhere. */
export function resolveReference(root: JsonSchema, reference: string): JsonSchema {
  let node: unknown = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    node = (node as Record<string, unknown> | undefined)?.[key];
  }
  if (node === undefined)
    throw new DureError("INVALID_ARGUMENT", `JSON Schema reference ${reference} leads nowhere`);
  return node as JsonSchema;
}
