/**
 * Whether a value has exactly the shape that a JSON Schema declares: then `JSON.stringify` writes it as the serialiser would, sooner and
 * with far less garbage, since the engine writes into one buffer where generated code puts pieces of text together.
 *
 * The answer may be no for a value that is fine, never yes for one that is not.
 */
import type { JsonSchema } from "./description.ts";
import { referencedSchema } from "./misfit.ts";

/** Says whether `JSON.stringify` of a value writes what the schema declares and nothing else. */
export type ExactShape = (value: unknown) => boolean;

/** Compiles the test; undefined where a schema asks for a way of writing that `JSON.stringify` has not. */
export function compileExactShape(schema: JsonSchema): ExactShape | undefined {
  return new Compiler(schema).compile();
}

/** What stands for a schema that cannot be tested. */
class Untestable extends Error {}

/** Turns each distinct schema node into one function `f<n>(v)`. */
class Compiler {
  readonly #root: JsonSchema;
  readonly #names = new Map<unknown, string>();
  readonly #functions: string[] = [];
  readonly #constants: unknown[] = [];

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  compile(): ExactShape | undefined {
    try {
      const entry = this.#testOf(this.#root);
      const source = `"use strict";\n${this.#functions.join("\n")}\nreturn ${entry};`;
      return new Function("constants", source)(this.#constants);
    } catch (thrown) {
      if (thrown instanceof Untestable) return undefined;
      throw thrown;
    }
  }

  #testOf(schema: unknown): string {
    const known = this.#names.get(schema);
    if (known) return known;
    const name = `f${this.#names.size}`;
    this.#names.set(schema, name);
    this.#functions.push(`function ${name}(v) {\n${this.#body((schema ?? {}) as JsonSchema)}\n}`);
    return name;
  }

  #body(schema: JsonSchema): string {
    if (typeof schema.$ref === "string")
      return `return ${this.#testOf(referencedSchema(this.#root, schema.$ref))}(v);`;
    const alternatives = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
    if (alternatives) return this.#unionBody(alternatives);
    if ("const" in schema) return this.#constantBody([schema.const]);
    if (Array.isArray(schema.enum)) return this.#constantBody(schema.enum);
    if (Array.isArray(schema.type))
      return this.#unionBody(schema.type.map((type) => ({ ...schema, type })));
    switch (schema.type) {
      case "string":
        if (schema.unescaped === true) throw new Untestable();
        return 'return typeof v === "string";';
      case "number":
        return "return Number.isFinite(v);";
      case "integer":
        return "return Number.isInteger(v);";
      case "boolean":
        return 'return typeof v === "boolean";';
      case "null":
        return "return v === null;";
      case "array":
        return this.#arrayBody(schema);
      case "object":
        return this.#objectBody(schema);
      default:
        return anythingBody;
    }
  }

  /** The serialiser takes the first alternative that fits, so a later one counts only where an earlier one cannot fit at all. */
  #unionBody(alternatives: readonly JsonSchema[]): string {
    const kinds = alternatives.map((alternative) => this.#kindOf(alternative));
    const areApart = new Set(kinds).size === kinds.length && !kinds.includes("any");
    const certain = areApart ? alternatives : alternatives.slice(0, 1);
    return `return ${certain.map((alternative) => `${this.#testOf(alternative)}(v)`).join(" || ")};`;
  }

  /** The one kind of JSON value that a schema allows, or `any`. */
  #kindOf(schema: JsonSchema): string {
    if (typeof schema.$ref === "string")
      return this.#kindOf(referencedSchema(this.#root, schema.$ref) as JsonSchema);
    if (schema.type === "integer") return "number";
    return typeof schema.type === "string" && !schema.anyOf && !schema.oneOf ? schema.type : "any";
  }

  #constantBody(allowed: readonly unknown[]): string {
    this.#constants.push(allowed.filter((one) => typeof one !== "object" || one === null));
    return `return constants[${this.#constants.length - 1}].includes(v);`;
  }

  #arrayBody(schema: JsonSchema): string {
    const fixed = ((schema.prefixItems as JsonSchema[] | undefined) ?? []).map((item) =>
      this.#testOf(item),
    );
    const rest = this.#testOf(typeof schema.items === "object" ? schema.items : {});
    const test = fixed.length > 0 ? `([${fixed.join(", ")}][index] ?? ${rest})` : rest;
    return `if (!Array.isArray(v) || v.toJSON !== undefined) return false;
for (let index = 0; index < v.length; index += 1) if (!${test}(v[index])) return false;
return true;`;
  }

  #objectBody(schema: JsonSchema): string {
    const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
    const required = new Set(schema.required as string[] | undefined);
    const open = schema.additionalProperties;
    if (properties.length === 0 && open !== undefined && open !== false) {
      const test = this.#testOf(open === true ? {} : open);
      return `${isObject}\nfor (const key in v) if (!${test}(v[key])) return false;\nreturn true;`;
    }
    const lines = [isObject];
    for (const [name, property] of properties) {
      const test = `${this.#testOf(property)}(v[${JSON.stringify(name)}])`;
      const isLeftOut = `v[${JSON.stringify(name)}] === undefined`;
      lines.push(`if (!${test}${required.has(name) ? "" : ` && !(${isLeftOut})`}) return false;`);
    }
    const declared = properties.map(([name]) => `case ${JSON.stringify(name)}: break;`).join(" ");
    lines.push(`for (const key in v) switch (key) { ${declared} default: return false; }`);
    lines.push("return true;");
    return lines.join("\n");
  }
}

/** Only plain objects: what a class inherits `JSON.stringify` leaves out. */
const isObject = `if (typeof v !== "object" || v === null || v.toJSON !== undefined) return false;
const prototype = Object.getPrototypeOf(v);
if (prototype !== Object.prototype && prototype !== null) return false;`;

const anythingBody = `if (typeof v === "object") return v === null || v.toJSON === undefined;
return v !== undefined && typeof v !== "function" && typeof v !== "symbol";`;
