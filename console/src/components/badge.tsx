import type { ComponentChildren } from "preact";

export type Tone = "good" | "warn" | "bad" | "plain" | "accent";

/** A state in one or two words; never by colour alone. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge tone-${tone}`}>{children}</span>;
}

/** How bad a share of errors is: none, below one in a hundred, above. */
export function toneOfErrors(share: number): Tone {
  if (share === 0) return "good";
  return share < 0.01 ? "warn" : "bad";
}
