import type { SagaSummary } from "../contract/index.ts";
import { errorFromText } from "./recorded-error.ts";
import type { SagaRow, StepRow } from "./saga-store.ts";

/** A saga for people, from what is written down of it. */
export function summaryOf(
  { id, name, state, error, createdAt }: SagaRow,
  steps: readonly StepRow[],
): SagaSummary {
  return {
    id,
    name,
    state,
    error: error === null ? null : (errorFromText(error).message ?? null),
    createdAt,
    steps: steps.map((step) => ({ name: step.name, state: step.state, attempts: step.attempts })),
  };
}
