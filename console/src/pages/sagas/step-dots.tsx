import type { SagaView } from "../../data/types.ts";
import { toneOfStep } from "./saga-state.tsx";

/** A saga's steps as a row of squares, with their names for those who ask. */
export function StepDots({ steps }: { steps: SagaView["steps"] }) {
  const said = steps.map(({ name, state }) => `${name}: ${state}`).join(", ");
  return (
    <span class="step-dots" title={said}>
      <span class="hidden-text">{said}</span>
      {steps.map(({ name, state }) => (
        <i key={name} class={`tone-${toneOfStep(state)}`} />
      ))}
    </span>
  );
}
