/** Runs the `dure` command for real: its own data folder, free ports, its own process group. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { buildPackage } from "../../scripts/build-package.ts";
import type { ProcessStatus } from "../../src/supervisor/index.ts";
import { until } from "../support/until.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const mainFile = join(root, "src/cli/main.ts");
/** Two services, one of them twice. */
export const fixtureConfig = join(root, "test/cli/fixture/dure.config.ts");
/** One service: three processes in all. */
export const smallConfig = join(root, "test/cli/fixture/small.config.ts");

/** One service, which never stops by itself. */
export const slowConfig = join(root, "test/cli/fixture/slow.config.ts");

/** What a command said and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly pid: number;
  readonly dataFolder: string;
  stdout(): string;
  stderr(): string;
  /** Waits for the line that starts with `ready` and gives the gateway's URL. */
  ready(): Promise<string>;
  /** Resolves when it has ended. */
  readonly ended: Promise<Finished>;
  /** Sends a signal to it alone, or to its whole process group. */
  signal(signal: NodeJS.Signals, to?: "leader" | "group"): void;
  /** Living processes of its group. */
  members(): number[];
}

/** How a command is run. */
export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Instead of `node main.ts`. */
  readonly command?: readonly string[];
}

/** A folder that is deleted when the test ends. */
export function temporaryFolder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "dure-cli-"));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Gives a folder outside of this repository what its package.json would install: this repository, and its zod. */
export function linkDependencies(folder: string): void {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/dure"));
  symlinkSync(join(root, "node_modules/zod"), join(folder, "node_modules/zod"));
}

/** Gives a folder what npm would install for it: this package as it is published, built now, and what it depends on. */
export async function installBuilt(
  folder: string,
): Promise<{ readonly dureCommand: readonly string[] }> {
  const modules = join(folder, "node_modules");
  const home = join(modules, "dure");
  mkdirSync(home, { recursive: true });
  mkdirSync(join(modules, "@types"));
  cpSync(join(root, "package.json"), join(home, "package.json"));
  const outDir = join(home, "dist");
  await buildPackage(outDir);
  symlinkSync(join(root, "node_modules"), join(home, "node_modules"));
  for (const name of ["zod", "@types/node"]) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  return { dureCommand: [process.execPath, join(outDir, "cli/main.js")] };
}

/** Starts `dure ARGS` in a process group of its own; whatever is left of it is killed when the test ends. */
export function start(
  context: TestContext,
  args: readonly string[],
  { environment = {}, cwd = root, command }: RunOptions = {},
): Running {
  const dataFolder = environment.DURE_DATA ?? join(temporaryFolder(context), ".dure");
  const [file = "", ...before] = command ?? [
    process.execPath,
    "--conditions=dure-source",
    mainFile,
  ];
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawn(file, [...before, ...args], {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...inherited,
      PORT: "0",
      DURE_DISTRIBUTOR_PORT: "0",
      DURE_CONSOLE: "off",
      DURE_DATA: dataFolder,
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/dure-tests"),
      ...environment,
    },
  });
  const running = observe(child, dataFolder);
  context.after(() => {
    for (const pid of running.members()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself just now.
      }
    }
  });
  return running;
}

/** Runs `dure ARGS` to its end. */
export function dure(
  context: TestContext,
  args: readonly string[],
  options?: RunOptions,
): Promise<Finished> {
  return start(context, args, options).ended;
}

/** Ends a fleet with Ctrl-C and checks that it ended well and left nothing. */
export async function stopCleanly(running: Running): Promise<void> {
  if (running.members().includes(running.pid)) running.signal("SIGINT");
  const { code } = await running.ended;
  assert.equal(code, 0, running.stdout() + running.stderr());
  assert.deepEqual(running.members(), [], "processes were left behind");
}

/** `dure ps --json` of a running fleet. */
export async function ps(context: TestContext, fleet: Running): Promise<ProcessStatus[]> {
  const environment = { DURE_DATA: fleet.dataFolder };
  const { code, stdout, stderr } = await dure(context, ["ps", "--json"], { environment });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

function observe(child: ChildProcess, dataFolder: string): Running {
  const pid = child.pid as number;
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  let isEnded = false;
  const ended = new Promise<Finished>((resolve) => {
    child.on("close", (code) => {
      isEnded = true;
      resolve({ code, stdout, stderr });
    });
  });
  return {
    pid,
    dataFolder,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    async ready() {
      const line = await until(
        "it is ready",
        () => {
          assert.ok(!isEnded, `it ended before it was ready:\n${stdout}${stderr}`);
          return /^ready.*$/m.exec(stdout)?.[0];
        },
        60_000,
      ).catch((error) => assert.fail(`${error.message}\n${stdout}${stderr}`));
      return /http:\/\/\S+/.exec(line)?.[0] ?? "";
    },
    signal: (signal, to = "leader") => {
      process.kill(to === "leader" ? pid : -pid, signal);
    },
    members: () => groupMembers(pid),
  };
}

/** The living processes of a group, from /proc; on other systems, whether the leader lives. */
function groupMembers(groupId: number): number[] {
  if (process.platform !== "linux") return isAlive(groupId) ? [groupId] : [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // After the name in parentheses: state, parent, group (proc_pid_stat(5)).
        const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return Number(group) === groupId && state !== "Z";
      } catch {
        return false;
      }
    });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
