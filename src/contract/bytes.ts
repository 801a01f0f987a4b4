import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { JsonSchema } from "./description.ts";

/** How JSON Schema says that a value is bytes (draft 2020-12, validation, section 8.4). */
const jsonSchema = { type: "string", contentMediaType: "application/octet-stream" } as const;

/** An answer that travels as the bytes that it is, not as JSON: `op({ output: bytes() })`. Within the mesh only; HTTP has `raw`. */
export function bytes(): StandardSchemaV1<Uint8Array> {
  const validate = (value: unknown) =>
    value instanceof Uint8Array ? { value } : { issues: [{ message: "must be bytes" }] };
  const asJsonSchema = { input: () => jsonSchema, output: () => jsonSchema };
  const standard = { version: 1, vendor: "dure", validate, jsonSchema: asJsonSchema } as const;
  return { "~standard": standard };
}

/** Whether a value of this schema travels as bytes. */
export function isBytes({ contentMediaType }: JsonSchema): boolean {
  return contentMediaType === jsonSchema.contentMediaType;
}
