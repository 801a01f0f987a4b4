import type { StandardSchemaV1 } from "@standard-schema/spec";
import { andThen } from "../kit/index.ts";
import type { Schema } from "./schema.ts";

/** A value that hides itself wherever it is printed; `reveal()` reads it. */
export interface Secret<Value> {
  reveal(): Value;
}

const shown = "[secret]";

class Hidden<Value> implements Secret<Value> {
  readonly #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  reveal(): Value {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return shown;
  }
}

/** Marks an environment value as secret: the service gets a {@link Secret}, and no log or page shows it. */
export function secret<S extends Schema>(
  schema: S,
): StandardSchemaV1<unknown, Secret<StandardSchemaV1.InferOutput<S>>> {
  type Value = StandardSchemaV1.InferOutput<S>;
  const hide = (
    result: StandardSchemaV1.Result<unknown>,
  ): StandardSchemaV1.Result<Secret<Value>> =>
    result.issues
      ? { issues: result.issues.map(({ message }) => ({ message })) }
      : { value: new Hidden(result.value as Value) };
  return {
    "~standard": {
      version: 1,
      vendor: "dure",
      validate(value) {
        return andThen(schema["~standard"].validate(value), hide);
      },
    },
  };
}
