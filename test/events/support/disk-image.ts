/**
 * What a disk holds after the power went: all that was synced, and of what was written since then any sectors in any order, the last
 * ones torn.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "./log-model.ts";

const sectorBytes = 512;
const walHeaderBytes = 32;

/** The files of a log. */
export interface DiskImage {
  readonly database: Buffer;
  readonly wal: Buffer;
}

export function readImage(folder: string): DiskImage {
  const read = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  };
  return { database: read("events.db"), wal: read("events.db-wal") };
}

/** Puts an image where a log can be opened. */
export function writeImage(folder: string, { database, wal }: DiskImage): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "events.db"), database);
  if (wal.length > 0) writeFileSync(join(folder, "events.db-wal"), wal);
}

/**
 * An image between two moments, both of which are on disk entirely. SQLite syncs its write-ahead log before it touches the database,
 * and the log's header before what follows it.
 */
export function imageBetween(random: Random, before: DiskImage, after: DiskImage): DiskImage {
  if (!after.database.equals(before.database))
    return { database: mixed(random, before.database, after.database), wal: after.wal };
  const header = after.wal.subarray(0, walHeaderBytes);
  const isBegunAnew = !before.wal.subarray(0, walHeaderBytes).equals(header);
  if (isBegunAnew && random(4) === 0) return before;
  const wal = mixed(random, before.wal, after.wal);
  return { database: before.database, wal: Buffer.concat([header, wal.subarray(walHeaderBytes)]) };
}

/** Some sectors of the one, some of the other; what is beyond the end of the file may be there, missing, empty or torn. */
function mixed(random: Random, before: Buffer, after: Buffer): Buffer {
  const shorter = Math.min(before.length, after.length);
  const longer = before.length > after.length ? before : after;
  const image = Buffer.from(longer);
  before.copy(image, 0, 0, shorter);
  const share = random(3) === 0 ? 100 : random(101);
  for (let at = 0; at < after.length; at += sectorBytes) {
    const end = Math.min(at + sectorBytes, after.length);
    if (random(100) < share) after.copy(image, at, at, end);
    else if (at >= before.length) image.fill(0, at, end);
  }
  if (after.length <= before.length || random(4) > 0) return image;
  return image.subarray(0, before.length + random(after.length - before.length));
}
