import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { ResolvedConfig } from "../../config/index.ts";
import { CommandError, exitCodes } from "../exit-code.ts";

/**
 * The configuration without the sidecars whose program is not installed here; `note` is told what each says of it. Throws a
 * {@link CommandError} for a program that cannot be done without.
 */
export function withoutMissingPrograms(
  config: ResolvedConfig,
  path: string,
  note: (text: string) => void,
): ResolvedConfig {
  const processes = config.processes.filter(({ name, sidecar }) => {
    const program = sidecar?.command[0];
    if (program === undefined || isInstalled(program, path)) return true;
    if (sidecar?.withoutIt === undefined) {
      const message = `processes.${name} needs the program "${program}", which is not in PATH; install it, or say in sidecar.withoutIt what to do without it`;
      throw new CommandError(message, exitCodes.usage);
    }
    note(`${program} is not installed: ${sidecar.withoutIt}`);
    return false;
  });
  return { ...config, processes };
}

function isInstalled(program: string, path: string): boolean {
  // One with a slash is a path of its own, and its own error says more.
  if (isAbsolute(program) || program.includes("/")) return true;
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
