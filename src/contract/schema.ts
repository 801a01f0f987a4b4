import type { StandardSchemaV1 } from "@standard-schema/spec";
import { andThen, DureError } from "../kit/index.ts";
import type { JsonSchema } from "./description.ts";

/** Any schema that follows the Standard Schema specification (zod, valibot, arktype, ...). */
export type Schema = StandardSchemaV1;

/** The part of Standard JSON Schema that is used; libraries that lack it need an adapter. */
interface JsonSchemaSource {
  readonly "~standard": {
    readonly vendor: string;
    readonly jsonSchema?: {
      input(options: { target: string }): Record<string, unknown>;
      output(options: { target: string }): Record<string, unknown>;
    };
  };
}

/** Packages that add JSON Schema output to libraries without it. */
const adapters: Record<string, string> = {
  valibot: "@valibot/to-json-schema (wrap the schema in toStandardJsonSchema)",
};

const target = "draft-2020-12";

/**
 * The JSON Schema of a schema. Throws INVALID_ARGUMENT, naming `where`, if the library has none to give or the schema holds
 * something that JSON cannot carry.
 */
export function jsonSchemaOf(schema: Schema, side: "input" | "output", where: string): JsonSchema {
  const source = (schema as unknown as JsonSchemaSource)["~standard"];
  if (!source.jsonSchema) {
    const adapter = adapters[source.vendor] ?? "an adapter that adds Standard JSON Schema";
    throw new DureError(
      "INVALID_ARGUMENT",
      `${where}: ${source.vendor} schemas have no JSON Schema; use ${adapter}`,
    );
  }
  let json: Record<string, unknown>;
  try {
    json = source.jsonSchema[side]({ target });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DureError(
      "INVALID_ARGUMENT",
      `${where} cannot be carried as JSON: ${why}; use strings, numbers, booleans, arrays and objects`,
      { cause: thrown },
    );
  }
  const { $schema: _, "~standard": __, ...plain } = json;
  return plain;
}

/** One thing that is wrong with a value. */
export interface Issue {
  /** Where, as `address.city` or `items.0.id`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

/** A value that fits, or what is wrong with it. */
export type Checked = { readonly value: unknown } | { readonly issues: readonly Issue[] };

/** Checks a value; synchronous whenever the schema is. */
export function check(schema: Schema, value: unknown): Checked | Promise<Checked> {
  return andThen(schema["~standard"].validate(value), toChecked);
}

function toChecked(result: StandardSchemaV1.Result<unknown>): Checked {
  if (!result.issues) return { value: result.value };
  return {
    issues: result.issues.map(({ path, message }) => ({
      path: (path ?? [])
        .map((part) => String(typeof part === "object" ? part.key : part))
        .join("."),
      message,
    })),
  };
}
