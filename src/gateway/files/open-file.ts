import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";

/** A file that may be answered. Whoever has it closes its handle. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly size: number;
  readonly mtimeNs: bigint;
}

/** What says that there is no such file, and no more. */
const absent = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EISDIR", "ENXIO"]);

/**
 * Opens a file of a folder; undefined where there is none that may be seen. Names that begin with a dot are not seen: they are the
 * machine's business, as `.git` and `.env` are. A symbolic link is followed within the folder, and never out of it: what is opened is
 * the resolved path, of which the last name must be no link any more.
 */
export async function openFile(
  folder: string,
  segments: readonly string[],
): Promise<OpenFile | undefined> {
  if (segments.some((segment) => /^\.|[/\\\0]/.test(segment))) return undefined;
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, ...segments));
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    return await regular(
      await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    );
  } catch (thrown) {
    if (absent.has((thrown as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw thrown;
  }
}

/** Not a folder, and no device or pipe, which could be read without end. */
async function regular(handle: FileHandle): Promise<OpenFile | undefined> {
  const found = await handle.stat({ bigint: true });
  if (found.isFile()) return { handle, size: Number(found.size), mtimeNs: found.mtimeNs };
  await handle.close();
  return undefined;
}
