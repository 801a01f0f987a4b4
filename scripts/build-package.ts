/** Compiles `src/` and lays beside it what is no TypeScript: pages, styles and what they run. */
import { execFileSync } from "node:child_process";
import { cpSync, globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPage } from "./build-pages.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export async function buildPackage(outDir: string): Promise<void> {
  const compile = ["-p", "tsconfig.build.json", "--outDir", outDir];
  execFileSync(join(root, "node_modules/.bin/tsc"), compile, { cwd: root, stdio: "inherit" });
  const source = join(root, "src");
  for (const asset of globSync("**/*.{html,css,js}", { cwd: source }))
    cpSync(join(source, asset), join(outDir, asset));
  await buildPage("console", join(outDir, "console/pages"));
}
