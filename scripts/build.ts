/** Builds `dist/`. With `--check` it also packs the package and checks what a user would install. */
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildPackage } from "./build-package.ts";

function run(command: string, ...args: string[]): void {
  const { status, error } = spawnSync(join("node_modules/.bin", command), args, {
    stdio: "inherit",
  });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

rmSync("dist", { recursive: true, force: true });
await buildPackage(resolve("dist"));
chmodSync("dist/cli/main.js", 0o755);
if (process.argv.includes("--check")) {
  run("publint", "--strict");
  run("attw", "--pack", ".", "--profile", "esm-only");
}
