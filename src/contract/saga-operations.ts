import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { JsonSchema } from "./description.ts";
import { op } from "./operation.ts";

/** Where a saga can be. */
export const sagaStates = [
  "running",
  "compensating",
  "done",
  "failed",
  "stuck",
  "abandoned",
] as const;

/**
 * Where a saga is.
 *
 * ```
 *   running --all steps done--> done
 *      |
 *      a step failed for good
 *      v
 *   compensating --all undone--> failed
 *      |
 *      an undoing failed too often, or the code no longer fits what is written down
 *      v
 *   stuck --retry--> running or compensating        stuck --abandon--> abandoned
 * ```
 */
export type SagaState = (typeof sagaStates)[number];

/** A saga for people. */
export interface SagaSummary {
  readonly id: string;
  readonly name: string;
  readonly state: SagaState;
  /** Why it failed or is stuck. */
  readonly error: string | null;
  /** In ms since 1970. */
  readonly createdAt: number;
  /** `attempts`: tries that have ended, well or not; 0 of a step that waits for an event. */
  readonly steps: { readonly name: string; readonly state: string; readonly attempts: number }[];
}

const text: JsonSchema = { type: "string" };
const count: JsonSchema = { type: "integer" };

/**
 * Operations by which people look after a service's sagas, for its contract: `contract("store", { ..., ...sagaOperations() })`. Their
 * handlers are `openSagas(...).handlers`; `dure sagas` calls them. They have no HTTP binding: only nodes of the mesh reach them.
 */
export function sagaOperations() {
  const step = objectOf({ name: text, state: text, attempts: count });
  const summary = objectOf({
    id: text,
    name: text,
    state: text,
    error: { anyOf: [text, { type: "null" }] },
    createdAt: count,
    steps: { type: "array", items: step },
  });
  const byId = described<{ readonly id: string }>(objectOf({ id: text }));
  const list = objectOf({ items: { type: "array", items: summary } });
  return {
    /** The newest sagas, of one state if it is given; the one with an id, however old, if that is. */
    sagas: op({
      idempotent: true,
      input: described<{
        readonly state?: SagaState | undefined;
        readonly id?: string | undefined;
      }>({
        ...objectOf({ state: text, id: text }),
        required: [],
      }),
      output: described<{ readonly items: SagaSummary[] }>(list),
    }),
    /** One that is stuck goes on. */
    retrySaga: op({ idempotent: true, input: byId }),
    /** One that is stuck is left as it is, for good. */
    abandonSaga: op({ idempotent: true, input: byId }),
  };
}

function objectOf(properties: Record<string, JsonSchema>): JsonSchema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** A schema without a library: this module is for browsers too, and should not bring one along. */
function described<Value>(schema: JsonSchema): StandardSchemaV1<Value, Value> {
  const jsonSchema = { input: () => schema, output: () => schema };
  const standard = {
    version: 1,
    vendor: "dure",
    validate: (value: unknown) => ({ value }),
    jsonSchema,
  };
  return { "~standard": standard } as unknown as StandardSchemaV1<Value, Value>;
}
