import { spawnSync } from "node:child_process";

/** Descriptors that a process may have (`ulimit -n`): what this one may, those that it starts may too. */
export function descriptorsMax(): number {
  const { stdout } = spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" });
  const limit = Number(stdout);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}
