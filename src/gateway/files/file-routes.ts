/**
 * Folders of files at the edge. A file is read when it is asked for, so that a folder may be built or exchanged while the gateway runs; nothing
 * of it is kept in memory.
 *
 * (F1) Only regular files below the folder, by their real path; never a name that begins with a dot.
 * (F2) Small files are answered whole, so that they can be compressed at once; larger ones piece by piece, at the client's pace.
 */
import { existsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { HeaderList } from "../../http/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { Exchange } from "../exchange.ts";
import type { FilesSection } from "../options.ts";
import { type FileFacts, fileHeaders, isKnown } from "./core/file-headers.ts";
import { type OpenFile, openFile } from "./open-file.ts";

/** Files up to this are answered whole, in bytes. */
const wholeBytesMax = 1024 * 1024;
const pieceBytes = 64 * 1024;

/** A folder, with nothing left open. */
interface FileRoute {
  /** The path of all of it, as `/assets/*`. */
  readonly path: string;
  readonly prefix: readonly string[];
  readonly section: FilesSection;
  readonly headers: HeaderList;
}

/** A file that answers a request. */
export interface FoundFile {
  /** The path of its route, for limits and metrics. */
  readonly path: string;
  /** Sends it, or that the client has it; closes it. */
  send(exchange: Exchange): Promise<void>;
  /** Lets go of it, where it is not sent. */
  close(): Promise<void>;
}

export class FileRoutes {
  /** The longest prefix first. */
  readonly #routes: readonly FileRoute[];

  constructor(sections: readonly FilesSection[], logger: Logger) {
    this.#routes = sections
      .map(routeOf)
      .sort((left, right) => right.prefix.length - left.prefix.length);
    for (const { section } of this.#routes)
      if (!existsSync(section.folder))
        logger.warn(`gateway.files: there is no folder ${section.folder}; 404 until it is there`);
  }

  /** Whether there is no folder at all. */
  get isEmpty(): boolean {
    return this.#routes.length === 0;
  }

  /** The file of a request. */
  async find(exchange: Exchange): Promise<FoundFile | undefined> {
    if (!isRead(exchange)) return undefined;
    const { segments, path } = exchange.target;
    const isFolder = segments.length === 0 || path.endsWith("/");
    for (const route of this.#matching(segments)) {
      const below = segments.slice(route.prefix.length);
      const names = isFolder ? [...below, "index.html"] : below;
      const file = names.length > 0 ? await openFile(route.section.folder, names) : undefined;
      if (file) return found(route, names, file);
    }
    return undefined;
  }

  /** The page that a browser gets where no file has the path: an application that finds its way by itself. */
  async findPage(exchange: Exchange): Promise<FoundFile | undefined> {
    if (!isRead(exchange) || !exchange.header("accept")?.includes("text/html")) return undefined;
    for (const route of this.#matching(exchange.target.segments)) {
      const names = route.section.page?.split("/").filter(Boolean);
      const file = names && (await openFile(route.section.folder, names));
      if (file) return found(route, names, file);
    }
    return undefined;
  }

  #matching(segments: readonly string[]): readonly FileRoute[] {
    return this.#routes.filter(({ prefix }) =>
      prefix.every((segment, index) => segments[index] === segment),
    );
  }
}

/** The path of everything that a section answers. */
export function filesPath({ at = "/" }: FilesSection): string {
  return `${at.replace(/\/$/, "")}/*`;
}

function routeOf(section: FilesSection): FileRoute {
  const path = filesPath(section);
  const headers = Object.entries(section.headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  return { path, prefix: path.split("/").slice(1, -1), section, headers };
}

function isRead({ method }: Exchange): boolean {
  return method === "GET" || method === "HEAD";
}

function found(route: FileRoute, names: readonly string[], file: OpenFile): FoundFile {
  const immutable = route.section.immutable?.split("/").filter(Boolean);
  const facts: FileFacts = {
    name: names.at(-1) ?? "",
    size: file.size,
    mtimeNs: file.mtimeNs,
    isImmutable: immutable?.every((segment, index) => names[index] === segment) ?? false,
  };
  const headers = fileHeaders(facts, route.headers);
  return {
    path: route.path,
    async send(exchange) {
      try {
        if (isKnown(exchange.header("if-none-match"), facts))
          return exchange.answer(304, headers, "");
        if (file.size > wholeBytesMax) return await sendPieces(exchange, headers, file);
        exchange.answer(200, headers, await file.handle.readFile());
      } finally {
        await file.handle.close();
      }
    },
    close: () => file.handle.close(),
  };
}

/** A file that shrinks meanwhile breaks the connection off: it must not look complete. */
async function sendPieces(
  exchange: Exchange,
  headers: HeaderList,
  { handle, size }: { readonly handle: FileHandle; readonly size: number },
): Promise<void> {
  let isGone = false;
  exchange.onAbort(() => {
    isGone = true;
  });
  const stream = exchange.stream(200, headers, size);
  if (exchange.method === "HEAD") return stream.end();
  try {
    for (let sent = 0; sent < size && !isGone; ) {
      const length = Math.min(pieceBytes, size - sent);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, sent);
      if (bytesRead === 0)
        throw new Error(`the file was cut to ${sent} of ${size} bytes meanwhile`);
      await stream.write(buffer.subarray(0, bytesRead));
      sent += bytesRead;
    }
    stream.end();
  } catch (thrown) {
    const isNews = !isGone;
    stream.abort();
    if (isNews) throw thrown;
  }
}
