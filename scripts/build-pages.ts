/** Builds web pages: `build-pages.ts FOLDER...`, each with its own `vite.config.ts`, into the folder's `dist`. */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Builds the pages of a folder of this repository into `outDir` (default: its `dist`). */
export async function buildPage(
  folder: string,
  outDir = join(root, folder, "dist"),
): Promise<void> {
  await build({
    configFile: join(root, folder, "vite.config.ts"),
    build: { outDir: resolve(outDir), emptyOutDir: true },
    // Natively, so that a configuration can import `dure` by its name.
    configLoader: "native",
    logLevel: "warn",
  });
}

if (import.meta.main) for (const folder of process.argv.slice(2)) await buildPage(folder);
