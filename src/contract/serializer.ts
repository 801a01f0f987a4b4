/**
 * Serialisers compiled from JSON Schema: they write the declared properties and nothing else, so a field that is not in the
 * schema never leaves. Generated code is straight-line property reads; the JIT does the rest.
 *
 * Wrong values are refused with their path: a missing required property, a number where text belongs. What a schema says
 * beyond shape (patterns, ranges) is the validator's business.
 */
import type { JsonSchema } from "./description.ts";
import { compileExactShape } from "./exact-shape.ts";
import { Misfit, misfit, misfitError, referencedSchema } from "./misfit.ts";

/** Writes a value as JSON text; throws INTERNAL naming the field that does not fit. */
export type Serializer = (value: unknown) => string;

/** Compiles the serialiser of a schema. `where` names it in errors. */
export function compileSerializer(schema: JsonSchema, where: string): Serializer {
  const hasExactShape = compileExactShape(schema);
  let write: Serializer | undefined;
  let explain: Serializer | undefined;
  return (value) => {
    if (hasExactShape?.(value)) return JSON.stringify(value);
    write ??= new Compiler(schema, false).compile();
    try {
      return write(value);
    } catch (thrown) {
      if (!(thrown instanceof Misfit)) throw thrown;
    }
    // Keeping track of where one is costs a third of the time; only a value that does not fit is written again with it.
    explain ??= new Compiler(schema, true).compile();
    try {
      return explain(value);
    } catch (thrown) {
      throw misfitError(thrown, where);
    }
  };
}

/** Characters that JSON text must escape, and lone surrogates, which `JSON.stringify` escapes too. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

/** What generated code calls. */
const runtime = {
  text(value: unknown, path: string): string {
    if (typeof value !== "string") throw misfit(value, "text", path);
    // Short strings without anything to escape are the common case; a scan beats JSON.stringify's call there.
    return value.length < 64 && !needsEscape.test(value) ? `"${value}"` : JSON.stringify(value);
  },
  /** A long text of which the schema says `"unescaped": true`: base64, say. Looking for two characters is much faster than for all. */
  unescaped(value: unknown, path: string): string {
    if (typeof value !== "string") throw misfit(value, "text", path);
    return value.includes('"') || value.includes("\\") ? JSON.stringify(value) : `"${value}"`;
  },
  number(value: unknown, path: string): string {
    if (typeof value !== "number" || !Number.isFinite(value)) throw misfit(value, "a number", path);
    return `${value}`;
  },
  integer(value: unknown, path: string): string {
    if (!Number.isInteger(value)) throw misfit(value, "an integer", path);
    return `${value as number}`;
  },
  boolean(value: unknown, path: string): string {
    if (typeof value !== "boolean") throw misfit(value, "true or false", path);
    return value ? "true" : "false";
  },
  null(value: unknown, path: string): string {
    if (value !== null) throw misfit(value, "null", path);
    return "null";
  },
  any(value: unknown, path: string): string {
    const text = JSON.stringify(value);
    if (text === undefined) throw misfit(value, "something that JSON can carry", path);
    return text;
  },
  object(value: unknown, path: string): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw misfit(value, "an object", path);
    return value as Record<string, unknown>;
  },
  array(value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) throw misfit(value, "a list", path);
    return value;
  },
  missing(path: string): never {
    throw new Misfit(path, "is missing");
  },
  /** The first alternative that fits. */
  union(
    alternatives: ((value: unknown, path: string) => string)[],
    value: unknown,
    path: string,
  ): string {
    let first: unknown;
    for (const write of alternatives) {
      try {
        return write(value, path);
      } catch (thrown) {
        if (!(thrown instanceof Misfit)) throw thrown;
        first ??= thrown;
      }
    }
    throw first;
  },
  constant(allowed: readonly unknown[], value: unknown, path: string): string {
    if (!allowed.includes(value))
      throw misfit(value, `one of ${allowed.map((one) => JSON.stringify(one)).join(", ")}`, path);
    return JSON.stringify(value);
  },
};

type Writer = (value: unknown, path: string) => string;

/** Turns each distinct schema node into one function `w<n>(value, path)`. */
class Compiler {
  readonly #root: JsonSchema;
  readonly #hasPaths: boolean;
  readonly #names = new Map<unknown, string>();
  readonly #functions: string[] = [];
  readonly #constants: unknown[] = [];

  /** @param hasPaths whether the code keeps track of where in the value it is. */
  constructor(root: JsonSchema, hasPaths: boolean) {
    this.#root = root;
    this.#hasPaths = hasPaths;
  }

  compile(): (value: unknown) => string {
    const entry = this.#writerOf(this.#root);
    const source = `"use strict";\n${this.#functions.join("\n")}\nreturn ${entry};`;
    const build = new Function("runtime", "constants", source);
    const write: Writer = build(runtime, this.#constants);
    return (value) => write(value, "");
  }

  #writerOf(schema: unknown): string {
    const known = this.#names.get(schema);
    if (known) return known;
    const name = `w${this.#names.size}`;
    this.#names.set(schema, name);
    this.#functions.push(
      `function ${name}(value, path) {\n${this.#body((schema ?? {}) as JsonSchema)}\n}`,
    );
    return name;
  }

  #body(schema: JsonSchema): string {
    if (typeof schema.$ref === "string")
      return `return ${this.#writerOf(referencedSchema(this.#root, schema.$ref))}(value, path);`;
    const alternatives = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
    if (alternatives) {
      const writers = alternatives.map((alternative) => this.#writerOf(alternative));
      return `return runtime.union([${writers.join(", ")}], value, path);`;
    }
    if ("const" in schema)
      return `return runtime.constant(${this.#constant([schema.const])}, value, path);`;
    if (Array.isArray(schema.enum))
      return `return runtime.constant(${this.#constant(schema.enum)}, value, path);`;
    if (Array.isArray(schema.type)) {
      const writers = schema.type.map((type) => this.#writerOf({ ...schema, type }));
      return `return runtime.union([${writers.join(", ")}], value, path);`;
    }
    switch (schema.type) {
      case "string":
        return `return runtime.${schema.unescaped === true ? "unescaped" : "text"}(value, path);`;
      case "number":
      case "integer":
      case "boolean":
      case "null":
        return `return runtime.${schema.type}(value, path);`;
      case "array":
        return this.#arrayBody(schema);
      case "object":
        return this.#objectBody(schema);
      default:
        return "return runtime.any(value, path);";
    }
  }

  #arrayBody(schema: JsonSchema): string {
    const fixed = ((schema.prefixItems as JsonSchema[] | undefined) ?? []).map((item) =>
      this.#writerOf(item),
    );
    const rest = this.#writerOf(typeof schema.items === "object" ? schema.items : {});
    const writer = fixed.length > 0 ? `([${fixed.join(", ")}][index] ?? ${rest})` : rest;
    return `const list = runtime.array(value, path);
let text = "[";
for (let index = 0; index < list.length; index += 1) {
  if (index > 0) text += ",";
  text += ${writer}(list[index], ${this.#path('"[" + index + "]"')});
}
return text + "]";`;
  }

  #objectBody(schema: JsonSchema): string {
    const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
    const required = new Set(schema.required as string[] | undefined);
    const open = schema.additionalProperties;
    if (properties.length === 0 && open !== undefined && open !== false) {
      return this.#recordBody(open === true ? {} : open);
    }
    const lines = ["const object = runtime.object(value, path);", 'let text = "";'];
    for (const [name, property] of properties) {
      const key = JSON.stringify(name);
      const here = this.#path(JSON.stringify(`.${name}`));
      const write = `text += ${JSON.stringify(`,${key}:`)} + ${this.#writerOf(property)}(v, ${here});`;
      const otherwise = required.has(name) ? ` else runtime.missing(${here});` : "";
      lines.push(`{ const v = object[${key}]; if (v !== undefined) { ${write} }${otherwise} }`);
    }
    lines.push('return text === "" ? "{}" : "{" + text.slice(1) + "}";');
    return lines.join("\n");
  }

  #recordBody(values: unknown): string {
    return `const object = runtime.object(value, path);
let text = "";
for (const key of Object.keys(object)) {
  if (object[key] === undefined) continue;
  text += "," + JSON.stringify(key) + ":" + ${this.#writerOf(values)}(object[key], ${this.#path('"." + key')});
}
return text === "" ? "{}" : "{" + text.slice(1) + "}";`;
  }

  /** Code for the place one step further down. */
  #path(step: string): string {
    return this.#hasPaths ? `path + ${step}` : "path";
  }

  #constant(value: unknown): string {
    this.#constants.push(value);
    return `constants[${this.#constants.length - 1}]`;
  }
}
