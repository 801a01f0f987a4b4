/** Serves the console's built pages and an invented fleet, so that what is measured is the browser's side alone. */
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { type FleetSize, InventedFleet } from "./invented-fleet.ts";

const dist = join(import.meta.dirname, "../../console/dist");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const updateMs = 1_000;

export interface StandIn {
  readonly url: string;
  close(): void;
}

/** Listens on a free port of loopback. Every token is good. */
export async function startStandIn(size: FleetSize): Promise<StandIn> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (path === "/api/sign-in")
      return json(response, { bearer: "any", expiresAt: Date.now() + 3.6e6 });
    if (path === "/api/session") return json(response, session());
    if (path === "/api/fleet") return stream(response, new InventedFleet(size));
    if (path.startsWith("/api/")) return json(response, { items: [] });
    return page(response, path === "/" ? "index.html" : path);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/?token=any`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function session() {
  const has = { supervisor: false, eventLog: false, telemetry: false };
  return {
    who: "bench",
    canOperate: true,
    expiresAt: Date.now() + 3.6e6,
    mesh: "invented",
    version: "0.1.0",
    has,
  };
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
}

function stream(response: ServerResponse, fleet: InventedFleet): void {
  response.setHeader("content-type", "application/x-ndjson");
  const send = () => response.write(`${JSON.stringify(fleet.next())}\n`);
  send();
  const timer = setInterval(send, updateMs);
  response.on("close", () => clearInterval(timer));
}

function page(response: ServerResponse, name: string): void {
  const bytes = brotliCompressSync(readFileSync(join(dist, name)));
  response.setHeader("content-type", types[extname(name)] ?? "application/octet-stream");
  response.setHeader("content-encoding", "br");
  response.end(bytes);
}
