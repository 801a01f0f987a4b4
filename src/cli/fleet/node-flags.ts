/**
 * V8 starts with a young generation of 1 MiB and doubles it only while much survives, so a process that answers tens of
 * thousands of calls a second collects it every few milliseconds, and the calls in flight wait. With room to begin with, and to
 * grow, collections are rare and find most of it dead: docs/reference/benchmarks.md has both.
 */
const youngGeneration = {
  "--min-semi-space-size": 16,
  "--max-semi-space-size": 32,
};

/** Flags of this process that belong to its children too (`--conditions=...`; a debugger's port does not), and its own defaults. */
export function childFlags(execArgv: readonly string[], nodeOptions = ""): string[] {
  const inherited = execArgv.filter((flag) => !flag.startsWith("--inspect"));
  const chosen = [...inherited, ...nodeOptions.split(/\s+/)];
  const isChosen = (flag: string) => chosen.some((each) => each.split("=")[0] === flag);
  const isSized = Object.keys(youngGeneration).some(isChosen);
  const defaults = Object.entries(youngGeneration).map(([flag, mib]) => `${flag}=${mib}`);
  return isSized ? inherited : [...inherited, ...defaults];
}
