import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

const benchFolder = join(import.meta.dirname, "..");
/** The peers need no install script; npm's warnings about the Node on the PATH are void, the pinned one runs them. */
const npmCi = ["ci", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error"];

/** Installs the peers under `bench/` unless they are there, exactly as locked. npm's progress goes to stderr. */
export function installPeers(): void {
  const lock = readFileSync(join(benchFolder, "package-lock.json"), "utf8");
  const stamp = join(benchFolder, "node_modules", ".dure-installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("installing the peers under bench/ (once; about 80 MB) ...");
  const { status } = spawnSync("npm", npmCi, {
    cwd: benchFolder,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Error("npm ci failed in bench/; see the lines above");
  writeFileSync(stamp, lock);
}

/** Fails with the install command when a program is missing. */
export function requirePrograms(names: readonly string[]): void {
  const missing = names.filter(
    (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0,
  );
  if (missing.length === 0) return;
  throw new Error(
    `this benchmark needs ${missing.join(", ")}. On Debian and Ubuntu: ` +
      `sudo apt-get update && sudo apt-get install -y ${missing.join(" ")}`,
  );
}

/** CPU times come from /proc, so only Linux can say them. */
export function requireLinux(): void {
  if (process.platform !== "linux") throw new Error("the benchmarks read /proc: run them on Linux");
}

/** Where and on what a run was made: figures without it mean nothing. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
}

/** Describes this machine and the commit under test. */
export function describeMachine(): Machine {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: benchFolder, encoding: "utf8" }).trim();
  const isDirty = git("status", "--porcelain", "--", "../src", ".") !== "";
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(),
    node: process.version,
    commit: git("rev-parse", "--short", "HEAD") + (isDirty ? " with changes" : ""),
  };
}

/** One line for people. */
export function machineLine(machine: Machine): string {
  const { date, cpu, cores, memoryGb, kernel, node, commit } = machine;
  return `${date}, ${cores} cores of ${cpu}, ${memoryGb} GB, Linux ${kernel}, Node ${node}, commit ${commit}`;
}

/** The installed version of a peer. */
export function peerVersion(packageName: string): string {
  const path = join(benchFolder, "node_modules", packageName, "package.json");
  return JSON.parse(readFileSync(path, "utf8")).version;
}
