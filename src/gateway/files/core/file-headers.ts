/** What an answer with a file says of it. */
import type { HeaderList } from "../../../http/index.ts";

/** By extension. Text is UTF-8: the tools that write such files write nothing else. */
const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  webmanifest: "application/manifest+json",
  xml: "application/xml",
  txt: "text/plain; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  ico: "image/x-icon",
  woff2: "font/woff2",
  woff: "font/woff",
  ttf: "font/ttf",
  wasm: "application/wasm",
  pdf: "application/pdf",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  webm: "video/webm",
};

/** A year; `immutable` keeps browsers from asking even when a page is loaded again (RFC 8246). */
const immutable = "public, max-age=31536000, immutable";

/** What is known of a file. */
export interface FileFacts {
  readonly name: string;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Its name changes with its content. */
  readonly isImmutable: boolean;
}

/** The headers of a file's answer, whether its bytes follow or not. */
export function fileHeaders(facts: FileFacts, own: HeaderList): HeaderList {
  const extension = facts.name.slice(facts.name.lastIndexOf(".") + 1).toLowerCase();
  const type = types[extension] ?? "application/octet-stream";
  const standard: HeaderList = [
    ["content-type", type],
    ["etag", etagOf(facts)],
    ["cache-control", facts.isImmutable ? immutable : "no-cache"],
    ["x-content-type-options", "nosniff"],
  ];
  const given = new Set(own.map(([name]) => name));
  return [...standard.filter(([name]) => !given.has(name)), ...own];
}

/** Whether a client has this very file already (RFC 9110, section 13.1.2: weak comparison). */
export function isKnown(ifNoneMatch: string | undefined, facts: FileFacts): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const own = etagOf(facts);
  return ifNoneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === own);
}

function etagOf({ size, mtimeNs }: FileFacts): string {
  return `"${size.toString(36)}-${mtimeNs.toString(36)}"`;
}
