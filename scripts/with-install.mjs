// Runs a TypeScript file of this repository, after installing what is missing. Plain JavaScript, because it is the one file
// that must run on whatever Node the machine has (20 or newer) and with nothing installed.
//
// npm -> this -> the file. Signals: a terminal sends Ctrl-C to all of them, `kill` to one; npm passes SIGINT and SIGTERM on, so
// does this, and the file takes signals that come together as one. Its package.json scripts start with `exec`: npm runs them
// in a shell, and a shell in between would end at once and leave this behind.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".dure-installed");
const lock = readFileSync(join(root, "package-lock.json"), "utf8");
const pinnedNode = join(root, "node_modules", "node", "bin", "node");
/** Folders with web pages, each with its `vite.config.ts`; scripts/build-pages.ts builds them. */
const pageFolders = ["console", "examples/shop/web"];
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs a command to its end, passing signals on; gives its exit code. */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, options);
    const forward = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    const watch = watchNpm(() => child.kill("SIGTERM"));
    const end = (code) => {
      clearInterval(watch);
      for (const signal of signals) process.off(signal, forward);
      resolve(code);
    };
    child.on("error", (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      end(1);
    });
    child.on("exit", (code, signal) => end(code ?? 128 + constants.signals[signal]));
  });
}

/** An npm that was killed passes nothing on any more; it shows in the parent's number. */
function watchNpm(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    onGone();
  }, 500);
  return timer;
}

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
}

async function install() {
  // All of it on stderr, so that a command that prints JSON stays parseable on its first run.
  console.error("installing dependencies (once; about a minute) ...");
  const startedAt = Date.now();
  // npm shows its progress only on a terminal.
  const tell = () => console.error(`... ${Math.round((Date.now() - startedAt) / 1000)} s`);
  const progress = process.stderr.isTTY ? undefined : setInterval(tell, 5_000);
  // Not `npm ci`: it refuses a lock file that lacks the optional packages of another platform.
  const code = await run("npm", ["install", "--no-save", "--no-fund", "--no-audit"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  clearInterval(progress);
  if (code !== 0) {
    console.error("npm install failed; see the lines above, then run the same command again");
    process.exit(code);
  }
  writeFileSync(stamp, lock);
}

function nodeCommand() {
  if (existsSync(pinnedNode)) return pinnedNode;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  console.error(
    `Dure needs Node >= 22.18; this is ${process.version}, and the pinned one did not install.\n` +
      "Allow npm to run the install script of the package `node`, or install Node 24, and try again.",
  );
  return process.exit(1);
}

/** Pages are built from sources, as the rest is run from them: again whenever a source is newer than what was built. */
function pagesAreBuilt() {
  return pageFolders.every((folder) => {
    const built = join(root, folder, "dist", "index.html");
    return existsSync(built) && newestMs(join(root, folder)) <= statSync(built).mtimeMs;
  });
}

function newestMs(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const sources = entries.filter((entry) => {
    const path = join(entry.parentPath, entry.name);
    return entry.isFile() && !path.startsWith(join(folder, "dist"));
  });
  return Math.max(
    ...sources.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs),
  );
}

const [file, ...args] = process.argv.slice(2);
if (!isInstalled()) await install();
if (!pagesAreBuilt()) {
  const build = ["--conditions=dure-source", join(root, "scripts", "build-pages.ts")];
  const code = await run(nodeCommand(), [...build, ...pageFolders], { stdio: ["ignore", 2, 2] });
  if (code !== 0) process.exit(code);
}
// The channel carries no message: its end tells the file that this process is gone, however it went.
process.exitCode = await run(
  nodeCommand(),
  ["--conditions=dure-source", join(root, file), ...args],
  { stdio: ["inherit", "inherit", "inherit", "ipc"] },
);
