import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../../kit/index.ts";
import { CommandError } from "../exit-code.ts";
import { entryFile } from "../package-info.ts";
import { print } from "../terminal.ts";

/** Tells the process in the background that it is there. */
const variable = "DURE_DETACHED";
/** What it says is looked at so often, in ms. */
const lookMs = 50;

/** Whether this process is the one in the background. */
export function isDetached(): boolean {
  return process.env[variable] === "1";
}

/**
 * Starts this command once more, in the background and in a session of its own, and waits until that fleet is ready. Throws a
 * {@link CommandError} with what it said if it ends before.
 */
export async function detach(dataFolder: string): Promise<void> {
  const folder = join(dataFolder, "logs");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "start.txt");
  const output = openSync(path, "w", 0o600);
  const own = process.argv.slice(2).filter((word) => word !== "-d" && word !== "--detach");
  const child = spawn(process.execPath, [...process.execArgv, entryFile(), ...own], {
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, [variable]: "1" },
  });
  let exitCode: number | undefined;
  child.on("exit", (code) => {
    exitCode = code ?? 1;
  });
  for (;;) {
    await sleep(lookMs);
    const said = readFileSync(path, "utf8");
    const ready = /^ready: .*$/m.exec(said)?.[0];
    if (ready) {
      child.unref();
      const console = /^console: .*$/m.exec(said)?.[0];
      return print(console ? `${console}\n${ready}` : ready);
    }
    if (exitCode !== undefined) throw new CommandError(said.trimEnd(), exitCode);
  }
}
