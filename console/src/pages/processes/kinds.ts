import type { Process } from "../../data/types.ts";

/** `products` of `products-2`: what is scaled. */
export function kindOf(name: string): string {
  return name.replace(/-\d+$/, "");
}

/** How many processes there are of a kind. */
export function countOf(processes: readonly Process[], kind: string): number {
  return processes.filter(({ name }) => kindOf(name) === kind).length;
}
