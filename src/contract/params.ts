import type { JsonSchema } from "./description.ts";
import type { Issue } from "./schema.ts";

/** Strings from a path or query: one each, or several where a name was repeated. */
export type Params = Readonly<Record<string, string | readonly string[]>>;

const integerPattern = /^-?(0|[1-9]\d*)$/;
const numberPattern = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** What one property takes: the types of its schema, looked up once and not with every request. */
interface Property {
  readonly types: ReadonlySet<string>;
  readonly items: Property | undefined;
}

/**
 * Turns strings into what the schema's properties ask for, and only where nothing is lost: "7" becomes 7, while "07", "1e3"
 * and " 7" stay text and are refused by the schema.
 */
export class ParamsConverter {
  readonly #properties: ReadonlyMap<string, Property>;

  constructor(schema: JsonSchema) {
    const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
    this.#properties = new Map(
      Object.entries(properties).map(([name, property]) => [name, propertyOf(property)]),
    );
  }

  /** The parameters with their types. Adds an issue for what a string can never be. */
  convert(params: Params, issues: Issue[]): Record<string, unknown> {
    const converted: Record<string, unknown> = {};
    for (const name of Object.keys(params)) {
      const given = params[name] as string | readonly string[];
      const property = this.#properties.get(name);
      converted[name] = property ? convert(given, property, name, issues) : given;
    }
    return converted;
  }
}

function propertyOf(schema: JsonSchema): Property {
  const types = typesOf(schema);
  const items = types.has("array") ? propertyOf((schema.items ?? {}) as JsonSchema) : undefined;
  return { types, items };
}

function convert(
  given: string | readonly string[],
  { types, items }: Property,
  path: string,
  issues: Issue[],
): unknown {
  if (items) {
    const list = typeof given === "string" ? [given] : given;
    return list.map((item, index) => convert(item, items, `${path}.${index}`, issues));
  }
  if (typeof given !== "string") {
    issues.push({ path, message: "was given more than once" });
    return given[0];
  }
  if (types.has("object") && !types.has("string")) {
    issues.push({ path, message: "is an object and cannot come from a path or query" });
    return given;
  }
  if (types.has("string")) return given;
  if (types.has("integer") || types.has("number")) {
    const pattern = types.has("number") ? numberPattern : integerPattern;
    const number = Number(given);
    const isLossless =
      pattern.test(given) && (Number.isSafeInteger(number) || !integerPattern.test(given));
    if (isLossless) return number;
  }
  if (types.has("boolean") && (given === "true" || given === "false")) return given === "true";
  return given;
}

function typesOf(schema: JsonSchema): Set<string> {
  const types = new Set<string>();
  if (typeof schema.type === "string") types.add(schema.type);
  else if (Array.isArray(schema.type)) for (const type of schema.type) types.add(String(type));
  const values = Array.isArray(schema.enum) ? schema.enum : "const" in schema ? [schema.const] : [];
  for (const value of values) types.add(Number.isInteger(value) ? "integer" : typeof value);
  for (const alternative of (schema.anyOf ?? schema.oneOf ?? []) as JsonSchema[]) {
    for (const type of typesOf(alternative)) types.add(type);
  }
  return types;
}
