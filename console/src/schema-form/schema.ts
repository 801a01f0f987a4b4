/** What a form needs to know of a JSON Schema (draft 2020-12). Pure. */
export type Schema = { readonly [keyword: string]: unknown };

/** The kinds of fields; what no field fits is written as JSON. */
export type FieldKind = "object" | "list" | "text" | "number" | "boolean" | "choice" | "json";

/** A schema with its references followed, and `null` taken out of its alternatives. */
export interface Resolved {
  readonly schema: Schema;
  readonly isNullable: boolean;
}

/** How deep `$ref` may lead to `$ref`. */
const referencesMax = 20;

export function resolved(schema: Schema, root: Schema): Resolved {
  let found = schema;
  let isNullable = false;
  for (let step = 0; step < referencesMax; step += 1) {
    if (typeof found.$ref === "string") found = referred(root, found.$ref);
    const alternatives = (found.anyOf ?? found.oneOf) as Schema[] | undefined;
    const others = alternatives?.filter(({ type }) => type !== "null");
    if (alternatives && others?.length === 1) {
      isNullable ||= others.length < alternatives.length;
      found = others[0] as Schema;
      continue;
    }
    if (Array.isArray(found.type)) {
      const types = found.type.filter((type) => type !== "null");
      isNullable ||= types.length < found.type.length;
      found = { ...found, type: types.length === 1 ? types[0] : undefined };
    }
    if (typeof found.$ref !== "string") break;
  }
  return { schema: found, isNullable };
}

function referred(root: Schema, reference: string): Schema {
  let node: unknown = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean))
    node = (node as Record<string, unknown> | undefined)?.[
      part.replaceAll("~1", "/").replaceAll("~0", "~")
    ];
  return (node ?? {}) as Schema;
}

export function kindOf(schema: Schema): FieldKind {
  if (Array.isArray(schema.enum) || "const" in schema) return "choice";
  switch (schema.type) {
    case "object":
      return schema.properties ? "object" : "json";
    case "array":
      return schema.prefixItems ? "json" : "list";
    case "string":
      return "text";
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    default:
      return "json";
  }
}

/** The values of a choice. */
export function choicesOf(schema: Schema): readonly unknown[] {
  return "const" in schema ? [schema.const] : (schema.enum as unknown[]);
}

export function propertiesOf(
  schema: Schema,
): [name: string, schema: Schema, isRequired: boolean][] {
  const required = new Set(schema.required as string[] | undefined);
  return Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(
    ([name, property]) => [name, property, required.has(name) && !("default" in property)],
  );
}

/** How deep a form begins filled in: a tree without end must stop. */
const depthMax = 6;

/** What a form begins with: defaults, and empty values for what is required. */
export function initialOf(schema: Schema, root: Schema, depth = 0): unknown {
  const { schema: own, isNullable } = resolved(schema, root);
  if ("default" in own) return own.default;
  if (isNullable) return null;
  switch (kindOf(own)) {
    case "object":
      return depth >= depthMax
        ? {}
        : Object.fromEntries(
            propertiesOf(own)
              .filter(([, property, isRequired]) => isRequired || "default" in property)
              .map(([name, property]) => [name, initialOf(property, root, depth + 1)]),
          );
    case "list":
      return [];
    case "text":
      return "";
    case "number":
      return typeof own.minimum === "number" ? own.minimum : 0;
    case "boolean":
      return false;
    case "choice":
      return choicesOf(own)[0];
    default:
      return own.type === "object" ? {} : null;
  }
}
