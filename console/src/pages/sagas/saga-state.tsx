import { Badge, type Tone } from "../../components/badge.tsx";
import type { SagaView } from "../../data/types.ts";

const tones: Readonly<Record<SagaView["state"], Tone>> = {
  running: "accent",
  compensating: "warn",
  done: "good",
  failed: "warn",
  stuck: "bad",
  abandoned: "plain",
};

export const sagaStateNames = Object.keys(tones) as readonly SagaView["state"][];

export function SagaState({ state }: { state: SagaView["state"] }) {
  return <Badge tone={tones[state]}>{state}</Badge>;
}

/** How a step stands. `undone` is what compensation was for. */
export function toneOfStep(state: string): Tone {
  if (state === "done") return "good";
  if (state === "undone" || state === "compensated") return "plain";
  if (state === "failed" || state === "stuck") return "bad";
  return "accent";
}
