import { andThen, DureError } from "../kit/index.ts";
import type { JsonSchema } from "./description.ts";
import type { EventOptions } from "./operation.ts";
import { type Checked, check, type Schema } from "./schema.ts";
import { compileSerializer, type Serializer } from "./serializer.ts";

/** An event's parser and serialiser, compiled at first use. */
export class EventRuntime {
  /** `contract.event`. */
  readonly name: string;
  readonly #schema: Schema;
  readonly #jsonSchema: JsonSchema;
  readonly #key: EventOptions<any>["key"];
  #write: Serializer | undefined;

  constructor(name: string, schema: Schema, jsonSchema: JsonSchema, { key }: EventOptions<any>) {
    this.name = name;
    this.#schema = schema;
    this.#jsonSchema = jsonSchema;
    this.#key = key;
  }

  /** The data as JSON text, declared properties only. Throws INVALID_ARGUMENT naming what does not fit. */
  serialize(data: unknown): string {
    this.#write ??= compileSerializer(this.#jsonSchema, `event ${this.name}`);
    try {
      return this.#write(data);
    } catch (thrown) {
      if (!(thrown instanceof DureError)) throw thrown;
      throw new DureError("INVALID_ARGUMENT", thrown.message, { details: thrown.details });
    }
  }

  /** The data of a stored event, validated. Throws (or rejects with) INVALID_ARGUMENT naming what does not fit. */
  parse(body: string): unknown {
    return andThen(check(this.#schema, this.#read(body)), (checked) => this.#accept(checked));
  }

  /** Events of one key keep their order; undefined where the contract asks for none. */
  keyOf(data: unknown): string | undefined {
    return this.#key?.(data);
  }

  #read(body: string): unknown {
    try {
      return JSON.parse(body);
    } catch (thrown) {
      const message = `event ${this.name} is not JSON: ${(thrown as Error).message}`;
      throw new DureError("INVALID_ARGUMENT", message);
    }
  }

  #accept(checked: Checked): unknown {
    if ("value" in checked) return checked.value;
    const [first] = checked.issues;
    const field = first && first.path !== "" ? `.${first.path}` : "";
    throw new DureError("INVALID_ARGUMENT", `event ${this.name}${field} ${first?.message}`, {
      details: { issues: checked.issues },
    });
  }
}
