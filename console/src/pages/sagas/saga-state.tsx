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

const tonesOfSteps: Readonly<Record<string, Tone>> = {
  started: "accent",
  done: "good",
  refused: "bad",
  unknown: "warn",
  compensated: "plain",
};

/** How a step stands. Services of other versions may name what is not known here. */
export function toneOfStep(state: string): Tone {
  return tonesOfSteps[state] ?? "plain";
}
