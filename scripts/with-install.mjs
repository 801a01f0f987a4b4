// Runs a TypeScript file of this repository, after installing what is missing. Plain JavaScript, because it is
// the one file that must run on whatever Node the machine has.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".dure-installed");
const lock = readFileSync(join(root, "package-lock.json"), "utf8");
const pinnedNode = join(root, "node_modules", "node", "bin", "node");

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
}

function install(quiet) {
  if (!quiet) console.log("installing dependencies (once; about a minute) ...");
  // Progress goes to stderr, so that a command that prints JSON stays parseable on its first run. Not `npm ci`: it refuses
  // a lock file that lacks the optional packages of another platform.
  const npm = spawnSync("npm", ["install", "--no-save", "--no-fund", "--no-audit"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) {
    console.error("npm install failed; see the lines above, then run the same command again");
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stamp, lock);
}

function nodeCommand() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (existsSync(pinnedNode)) return pinnedNode;
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  console.error(
    `Dure needs Node >= 22.18; this is ${process.version}, and the pinned one did not install.\n` +
      "Allow npm to run the install script of the package `node`, or install Node 24, and try again.",
  );
  return process.exit(1);
}

const args = process.argv.slice(2);
const quiet = args[0] === "--quiet";
if (quiet) args.shift();
if (!isInstalled()) install(quiet);
const [file, ...rest] = args;
const child = spawn(nodeCommand(), ["--conditions=dure-source", join(root, file), ...rest], {
  stdio: "inherit",
});
// The child decides when to stop: a terminal's Ctrl-C reaches both, and a signal to this process alone is passed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("exit", (code, signal) => {
  process.exitCode = signal ? 1 : (code ?? 1);
});
