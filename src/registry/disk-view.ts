import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { asError } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type NodeRecord, parseNodeRecord } from "./record.ts";

/** Writes the view where a restarted process finds it. Whole or not at all: written beside, then renamed. */
export function saveView(path: string, records: readonly NodeRecord[], logger: Logger): void {
  const body = JSON.stringify(records);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const beside = `${path}.${process.pid}`;
    writeFileSync(beside, `${checksum(body)}\n${body}`, { mode: 0o600 });
    renameSync(beside, path);
  } catch (thrown) {
    logger.warn(
      "the view could not be saved; a restart without any Distributor would not find its peers",
      {
        path,
        reason: asError(thrown).message,
      },
    );
  }
}

/** Reads the view of an earlier run; nothing where there is none, or where it is damaged (which is logged). */
export function loadView(path: string, logger: Logger): NodeRecord[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") {
      logger.warn("the saved view cannot be read", { path, reason: asError(thrown).message });
    }
    return [];
  }
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (checksum(body) !== text.slice(0, end)) {
    logger.warn("the saved view is damaged and not used", { path });
    return [];
  }
  try {
    return (JSON.parse(body) as unknown[]).map(parseNodeRecord);
  } catch (thrown) {
    // Another version of Dure wrote it. What it knew is told again by the Distributors.
    const reason = asError(thrown).message;
    logger.warn("the saved view is of another version and not used", { path, reason });
    return [];
  }
}

function checksum(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}
