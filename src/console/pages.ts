/** The built pages: read into memory once, sent with what keeps browsers from running anything else. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/** Beside the compiled file in the package; in the source tree where Vite puts them. */
const folders = [
  join(import.meta.dirname, "pages"),
  join(import.meta.dirname, "../../console/dist"),
];

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".json": "application/json",
};

/** Only what comes from this server, and nothing inline: no text that is shown can become a script (W3C Content Security Policy 3). */
const securityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What every page of the console is sent with, beside what the gateway adds to all answers. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": securityPolicy,
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};

interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

export class Pages {
  readonly #files = new Map<string, PageFile>();

  /** @param folder where `index.html` and `assets/` are. Default: where the build puts them. */
  constructor(folder?: string) {
    const all = folder === undefined ? folders : [folder];
    const found = all.find((each) => existsSync(join(each, "index.html")));
    if (found !== undefined) this.#read(found);
  }

  /** The page itself. */
  page(request: Request): Response {
    const file = this.#files.get("index.html");
    if (file) return answer(request, file, "no-cache");
    const text =
      "The console's pages are not built. In a source checkout: npm run build. Its API is at /api.";
    return new Response(text, {
      status: 503,
      headers: { ...pageHeaders, "content-type": "text/plain; charset=utf-8" },
    });
  }

  /** What the page loads. Names hold a hash of the content, so they never change. */
  asset(request: Request): Response {
    const name = new URL(request.url).pathname.split("/").at(-1) ?? "";
    const file = name === "index.html" ? undefined : this.#files.get(decodeURIComponent(name));
    if (file) return answer(request, file, "public, max-age=31536000, immutable");
    return new Response(`there is no ${name}`, {
      status: 404,
      headers: { ...pageHeaders, "content-type": "text/plain; charset=utf-8" },
    });
  }

  #read(folder: string): void {
    this.#add(folder, "index.html");
    const assets = join(folder, "assets");
    if (!existsSync(assets)) return;
    for (const name of readdirSync(assets)) this.#add(assets, name);
  }

  #add(folder: string, name: string): void {
    const type = types[extname(name)];
    // Source maps and whatever else lies there are not for browsers.
    if (!type) return;
    const bytes = readFileSync(join(folder, name));
    const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
    this.#files.set(name, { type, bytes, etag });
  }
}

function answer(request: Request, { type, bytes, etag }: PageFile, cacheControl: string): Response {
  const headers = { ...pageHeaders, "content-type": type, "cache-control": cacheControl, etag };
  const known = request.headers.get("if-none-match");
  const isKnown = known?.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
  if (isKnown) return new Response(null, { status: 304, headers });
  return new Response(new Uint8Array(bytes), { status: 200, headers });
}
