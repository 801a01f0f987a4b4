import { DureError, didYouMean } from "../../kit/index.ts";
import type { ReloadReport } from "../../supervisor/index.ts";
import type { FleetProcess } from "./run-fleet.ts";

/**
 * The processes that names mean: `products-1` is one, `products` all of a kind, and no names are all that run the project's code or its
 * configuration.
 * Throws NOT_FOUND for a name of none.
 */
export function namedProcesses(
  processes: readonly FleetProcess[],
  names: readonly string[],
): readonly string[] {
  if (names.length === 0) {
    return processes.filter(({ isReloaded }) => isReloaded).map(({ name }) => name);
  }
  const found = names.flatMap((wanted) => {
    const meant = processes.filter(({ name, kind }) => name === wanted || kind === wanted);
    if (meant.length > 0) return meant.map(({ name }) => name);
    const known = [...new Set(processes.flatMap(({ name, kind }) => [kind, name]))];
    const hint = didYouMean(wanted, known);
    const help = hint ? `did you mean "${hint}"?` : `there is: ${known.join(", ")}`;
    throw new DureError("NOT_FOUND", `no process is called "${wanted}" (${help})`);
  });
  return [...new Set(found)];
}

/** A reload's outcome as lines for people. */
export function describeReload({ reloaded, failures, untouched }: ReloadReport): string[] {
  return [
    ...(reloaded.length > 0 ? [`reloaded ${reloaded.join(", ")}`] : []),
    ...failures.map(({ name, reason }) => `${name} was not reloaded: ${reason}`),
    ...(untouched.length > 0 ? [`not begun: ${untouched.join(", ")}`] : []),
  ];
}
