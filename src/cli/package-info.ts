import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The parts of this package's package.json that the command line uses. */
export interface PackageInfo {
  readonly version: string;
  /** The package's folder. */
  readonly root: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Read from the package itself; `src/cli` and `dist/cli` are equally deep. */
export function packageInfo(): PackageInfo {
  const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
  return { ...JSON.parse(readFileSync(join(root, "package.json"), "utf8")), root };
}

/** The command itself, to be started once more as `dure host`: TypeScript in a clone, JavaScript in the package. */
export function entryFile(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(here), here.endsWith(".ts") ? "main.ts" : "main.js");
}
