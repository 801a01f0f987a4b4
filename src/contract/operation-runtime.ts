import { andThen, DureError, didYouMean } from "../kit/index.ts";
import { isBytes } from "./bytes.ts";
import { declaredPart } from "./declared-part.ts";
import type { OperationDescription } from "./description.ts";
import type { Operation, OperationOptions } from "./operation.ts";
import { type Params, ParamsConverter } from "./params.ts";
import { type Checked, check, type Issue, type Schema } from "./schema.ts";
import { compileSerializer, type Serializer } from "./serializer.ts";
import { itemSchema } from "./stream.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** An operation's parsers and serialisers, compiled at first use. */
export class OperationRuntime {
  readonly service: string;
  readonly name: string;
  readonly description: OperationDescription;
  readonly #inputSchema: Schema | undefined;
  readonly #outputSchema: Schema | undefined;
  /** The key that decides which instance answers; undefined where any may. */
  readonly partitionBy: ((input: any) => string | number) | undefined;
  /** Whether it answers a stream. */
  readonly isStream: boolean;
  readonly #title: string;
  /** Whether its output travels as bytes. */
  readonly answersBytes: boolean;
  #params: ParamsConverter | undefined;
  #writeInput: Serializer | undefined;
  #writeOutput: Serializer | undefined;
  readonly #errorWriters = new Map<string, Serializer>();

  constructor(
    service: string,
    name: string,
    description: OperationDescription,
    options: OperationOptions = {},
  ) {
    this.service = service;
    this.name = name;
    this.description = description;
    this.#inputSchema = options.input && itemSchema(options.input);
    this.#outputSchema = options.output && itemSchema(options.output);
    this.partitionBy = options.partitionBy;
    this.isStream = description.kind === "stream";
    this.#title = `${service}.${name}`;
    this.answersBytes = description.output !== undefined && isBytes(description.output);
  }

  /** The operation as its contract shows it. */
  asMember(): Operation {
    const { service, name: operation, description, isError: is } = this;
    return { kind: description.kind, service, operation, is } as Operation;
  }

  /** Whether a caught value is this operation's own error of that code. */
  readonly isError = (error: unknown, code: string): boolean =>
    error instanceof Error &&
    (error as { code?: unknown }).code === code &&
    (error as { operation?: unknown }).operation === this.#title;

  /** The input as JSON text, declared properties only. Throws INVALID_ARGUMENT naming what does not fit. */
  serializeInput(value: unknown): string {
    const schema = this.description.input;
    if (!schema) return "";
    this.#writeInput ??= compileSerializer(schema, `${this.#title} input`);
    try {
      return this.#writeInput(value);
    } catch (thrown) {
      throw this.#refused(thrown, value);
    }
  }

  /** The declared part of the input, found without generated code, which browsers may forbid. Throws as `serializeInput` does. */
  declaredInput(value: unknown): unknown {
    const schema = this.description.input;
    if (!schema) return undefined;
    try {
      return declaredPart(schema, value, `${this.#title} input`);
    } catch (thrown) {
      throw this.#refused(thrown, value);
    }
  }

  /**
   * The input a handler gets: body and params together, validated. Throws (or rejects with) INVALID_ARGUMENT whose `details`
   * are `{ issues: [{ path, message }] }`.
   */
  parseInput(body: string | Uint8Array | undefined, params: Params | undefined): unknown {
    const input = this.#inputSchema;
    const fromBody = this.#parseJson(body);
    if (!input) return undefined;
    const given = params ? this.#merge(fromBody, params) : (fromBody ?? this.#nothing());
    return andThen(check(input, given), (checked) => this.#accept(checked, given));
  }

  /** The output as it travels: as JSON text, or as bytes. Throws INTERNAL for what does not fit. */
  outputBody(value: unknown): string | Uint8Array {
    if (!this.answersBytes) return this.serializeOutput(value);
    if (value instanceof Uint8Array) return value;
    const is = value === null ? "null" : typeof value;
    throw new DureError("INTERNAL", `${this.#title} output must be a Uint8Array, not ${is}`);
  }

  /** The output as JSON text, declared properties only. Throws INTERNAL naming the field that does not fit. */
  serializeOutput(value: unknown): string {
    const schema = this.description.output;
    if (!schema) return "";
    this.#writeOutput ??= compileSerializer(schema, `${this.#title} output`);
    return this.#writeOutput(value);
  }

  /** The output a caller gets. */
  parseOutput(body: Uint8Array | string): unknown {
    if (this.answersBytes) return body;
    if (body.length === 0) return undefined;
    return JSON.parse(typeof body === "string" ? body : decoder.decode(body));
  }

  /** An error's data as JSON text. Throws INTERNAL if the contract does not declare the code. */
  serializeErrorData(code: string, data: unknown): string | undefined {
    const declared = this.description.errors[code];
    if (!declared) throw new DureError("INTERNAL", `${this.#title} declares no error ${code}`);
    if (!declared.data) return undefined;
    let write = this.#errorWriters.get(code);
    if (!write) {
      write = compileSerializer(declared.data, `${this.#title} error ${code} data`);
      this.#errorWriters.set(code, write);
    }
    return write(data);
  }

  /** Checks an output by its full schema; for development, where a wrong answer should be loud. */
  checkOutput(value: unknown): Checked | Promise<Checked> {
    return this.#outputSchema ? check(this.#outputSchema, value) : { value };
  }

  /** What no body at all stands for: an object without properties, where the schema asks for an object. */
  #nothing(): unknown {
    return this.description.input?.type === "object" ? {} : undefined;
  }

  #parseJson(body: string | Uint8Array | undefined): unknown {
    if (body === undefined || body.length === 0) return undefined;
    try {
      return JSON.parse(typeof body === "string" ? body : decoder.decode(body));
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new DureError("INVALID_ARGUMENT", `${this.#title}: the body is not JSON: ${why}`, {
        details: { issues: [{ path: "", message: `not JSON: ${why}` }] },
      });
    }
  }

  #merge(fromBody: unknown, params: Params): unknown {
    const issues: Issue[] = [];
    this.#params ??= new ParamsConverter(this.description.input ?? {});
    const converted = this.#params.convert(params, issues);
    if (fromBody === undefined) {
      if (issues.length > 0) throw this.#invalid(issues);
      return converted;
    }
    if (typeof fromBody !== "object" || fromBody === null || Array.isArray(fromBody)) {
      throw this.#invalid([{ path: "", message: "must be a JSON object" }]);
    }
    for (const name of Object.keys(converted)) {
      if (Object.hasOwn(fromBody, name))
        issues.push({
          path: name,
          message: "was given in the path or query and again in the body",
        });
    }
    if (issues.length > 0) throw this.#invalid(issues);
    return { ...fromBody, ...converted };
  }

  #accept(checked: Checked, given: unknown): unknown {
    if ("value" in checked) return checked.value;
    throw this.#invalid(checked.issues.map((issue) => this.#withHint(issue, given)));
  }

  /** Names a field that was sent under nearly the right name. */
  #withHint(issue: Issue, given: unknown): Issue {
    if (typeof given !== "object" || given === null || issue.path === "" || issue.path in given)
      return issue;
    const properties = Object.keys((this.description.input?.properties ?? {}) as object);
    const strangers = Object.keys(given).filter((name) => !properties.includes(name));
    const near = didYouMean(issue.path, strangers);
    if (!properties.includes(issue.path)) return issue;
    if (!near) return { path: issue.path, message: "is missing" };
    return {
      path: issue.path,
      message: `is missing (you sent "${near}"; did you mean "${issue.path}"?)`,
    };
  }

  /** What a writer threw, as the caller is told. */
  #refused(thrown: unknown, value: unknown): unknown {
    if (!(thrown instanceof DureError)) return thrown;
    const { path } = thrown.details as { path: string };
    const issue = { path, message: thrown.message.slice(`${this.#inputAt(path)} `.length) };
    return this.#invalid([this.#withHint(issue, value)]);
  }

  #inputAt(path: string): string {
    return `${this.#title} input${path === "" ? "" : `.${path}`}`;
  }

  #invalid(issues: readonly Issue[]): DureError {
    const [first] = issues;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
    return new DureError(
      "INVALID_ARGUMENT",
      `${this.#inputAt(first?.path ?? "")} ${first?.message ?? "is not valid"}${more}`,
      {
        details: { issues },
      },
    );
  }
}
