/**
 * What of a value its JSON Schema declares, found by walking: what the compiled serialiser does, for browsers. A page's Content Security
 * Policy may forbid code that is made from text, and should (W3C CSP 3, `unsafe-eval`).
 */
import type { JsonSchema } from "./description.ts";
import { Misfit, misfit, misfitError, referencedSchema } from "./misfit.ts";

/** The declared part of a value. Throws INTERNAL naming the field that does not fit; `where` names the value. */
export function declaredPart(schema: JsonSchema, value: unknown, where: string): unknown {
  try {
    return new Walk(schema).part(schema, value, "");
  } catch (thrown) {
    throw misfitError(thrown, where);
  }
}

class Walk {
  readonly #root: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  part(schema: JsonSchema, value: unknown, path: string): unknown {
    if (typeof schema.$ref === "string")
      return this.part(referencedSchema(this.#root, schema.$ref) as JsonSchema, value, path);
    const alternatives = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
    if (alternatives) return this.#firstThatFits(alternatives, value, path);
    if ("const" in schema) return constant([schema.const], value, path);
    if (Array.isArray(schema.enum)) return constant(schema.enum, value, path);
    const { type } = schema;
    if (Array.isArray(type)) {
      const each = type.map((one) => ({ ...schema, type: one }));
      return this.#firstThatFits(each, value, path);
    }
    if (type === "array") return this.#list(schema, value, path);
    if (type === "object") return this.#object(schema, value, path);
    const [fits, expected] = plain[type as keyof typeof plain] ?? carried;
    if (!fits(value)) throw misfit(value, expected, path);
    return value;
  }

  #firstThatFits(alternatives: readonly JsonSchema[], value: unknown, path: string): unknown {
    let first: unknown;
    for (const alternative of alternatives) {
      try {
        return this.part(alternative, value, path);
      } catch (thrown) {
        if (!(thrown instanceof Misfit)) throw thrown;
        first ??= thrown;
      }
    }
    throw first;
  }

  #list(schema: JsonSchema, value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) throw misfit(value, "a list", path);
    const fixed = (schema.prefixItems as JsonSchema[] | undefined) ?? [];
    const rest = typeof schema.items === "object" ? (schema.items as JsonSchema) : {};
    return value.map((item, index) => this.part(fixed[index] ?? rest, item, `${path}[${index}]`));
  }

  #object(schema: JsonSchema, value: unknown, path: string): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw misfit(value, "an object", path);
    const given = value as Record<string, unknown>;
    const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
    const open = schema.additionalProperties;
    const isRecord = properties.length === 0 && open !== undefined && open !== false;
    const values = (open === true ? {} : open) as JsonSchema;
    const expected = isRecord
      ? Object.keys(given).map((name) => [name, values] as const)
      : properties;
    const required = new Set(isRecord ? [] : (schema.required as string[] | undefined));
    // Built by definition, so that a key named __proto__ is a key like any other.
    const entries: [string, unknown][] = [];
    for (const [name, property] of expected) {
      const own = given[name];
      if (own !== undefined) entries.push([name, this.part(property, own, `${path}.${name}`)]);
      else if (required.has(name)) throw new Misfit(`${path}.${name}`, "is missing");
    }
    return Object.fromEntries(entries);
  }
}

const plain = {
  string: [(value: unknown) => typeof value === "string", "text"],
  number: [(value: unknown) => typeof value === "number" && Number.isFinite(value), "a number"],
  integer: [(value: unknown) => Number.isInteger(value), "an integer"],
  boolean: [(value: unknown) => typeof value === "boolean", "true or false"],
  null: [(value: unknown) => value === null, "null"],
} as const;
const carried = [
  (value: unknown) => JSON.stringify(value) !== undefined,
  "something that JSON can carry",
] as const;

function constant(allowed: readonly unknown[], value: unknown, path: string): unknown {
  if (allowed.includes(value)) return value;
  const names = allowed.map((one) => JSON.stringify(one)).join(", ");
  throw misfit(value, `one of ${names}`, path);
}
