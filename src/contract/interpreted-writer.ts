/** The serialiser that makes no code: closures that walk a schema. Several times slower than the compiled one, with the same results. */
import type { JsonSchema } from "./description.ts";
import { jsonWriters, type Writer } from "./json-writers.ts";
import { resolveReference } from "./schema-reference.ts";

/** A writer of a schema's values. It always knows where it is, so the second parameter of its compiled sibling means nothing to it. */
export function interpretedWriter(schema: JsonSchema): (value: unknown) => string {
  const write = new Interpreter(schema).writerOf(schema);
  return (value) => write(value, "");
}

class Interpreter {
  readonly #root: JsonSchema;
  readonly #writers = new Map<unknown, Writer>();

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** Made at first use: a schema may refer to itself. */
  writerOf(schema: unknown): Writer {
    return (value, path) => {
      let write = this.#writers.get(schema);
      if (!write) {
        write = this.#make((schema ?? {}) as JsonSchema);
        this.#writers.set(schema, write);
      }
      return write(value, path);
    };
  }

  #make(schema: JsonSchema): Writer {
    if (typeof schema.$ref === "string")
      return this.writerOf(resolveReference(this.#root, schema.$ref));
    const alternatives = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
    if (alternatives) return this.#union(alternatives);
    if ("const" in schema) return constant([schema.const]);
    if (Array.isArray(schema.enum)) return constant(schema.enum);
    if (Array.isArray(schema.type))
      return this.#union(schema.type.map((type) => ({ ...schema, type })));
    switch (schema.type) {
      case "string":
        return jsonWriters.text;
      case "number":
      case "integer":
      case "boolean":
      case "null":
        return jsonWriters[schema.type];
      case "array":
        return this.#array(schema);
      case "object":
        return this.#object(schema);
      default:
        return jsonWriters.any;
    }
  }

  #union(alternatives: readonly JsonSchema[]): Writer {
    const writers = alternatives.map((alternative) => this.writerOf(alternative));
    return (value, path) => jsonWriters.union(writers, value, path);
  }

  #array(schema: JsonSchema): Writer {
    const fixed = ((schema.prefixItems as JsonSchema[] | undefined) ?? []).map((item) =>
      this.writerOf(item),
    );
    const rest = this.writerOf(typeof schema.items === "object" ? schema.items : {});
    return (value, path) => {
      const items = Array.from(jsonWriters.array(value, path), (item, index) =>
        (fixed[index] ?? rest)(item, `${path}[${index}]`),
      );
      return `[${items.join(",")}]`;
    };
  }

  #object(schema: JsonSchema): Writer {
    const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
    const required = new Set(schema.required as string[] | undefined);
    const open = schema.additionalProperties;
    if (properties.length === 0 && open !== undefined && open !== false)
      return this.#record(open === true ? {} : open);
    const writers = properties.map(([name, property]) => [name, this.writerOf(property)] as const);
    return (value, path) => {
      const object = jsonWriters.object(value, path);
      const fields: string[] = [];
      for (const [name, write] of writers) {
        const here = `${path}.${name}`;
        if (object[name] !== undefined)
          fields.push(`${JSON.stringify(name)}:${write(object[name], here)}`);
        else if (required.has(name)) jsonWriters.missing(here);
      }
      return `{${fields.join(",")}}`;
    };
  }

  #record(values: unknown): Writer {
    const write = this.writerOf(values);
    return (value, path) => {
      const fields = Object.entries(jsonWriters.object(value, path))
        .filter(([, field]) => field !== undefined)
        .map(([key, field]) => `${JSON.stringify(key)}:${write(field, `${path}.${key}`)}`);
      return `{${fields.join(",")}}`;
    };
  }
}

function constant(allowed: readonly unknown[]): Writer {
  return (value, path) => jsonWriters.constant(allowed, value, path);
}
