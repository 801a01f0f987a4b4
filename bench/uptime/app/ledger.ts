import { openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Notes what is begun, each with a plain system call: what was noted survives SIGKILL. All processes of a folder write to one file. */
export function openLedger(folder: string): (line: string) => void {
  const file = openSync(join(folder, "executed"), "a");
  return (line) => void writeSync(file, `${line}\n`);
}
