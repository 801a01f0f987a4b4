import { once } from "node:events";
import { expositionType } from "./exposition.ts";

/** Where metrics can be had. */
export interface MetricsEndpointOptions {
  /** 0 takes any free one. */
  readonly port: number;
  /** Default 127.0.0.1: names of services and how busy they are is nothing for strangers. */
  readonly host?: string | undefined;
  /** The text of {@link exposition}, as it is now. */
  read(): string | Promise<string>;
}

/** An endpoint that listens. */
export interface MetricsEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `GET /metrics` over HTTP. Rejects with what the port says: EADDRINUSE, EACCES. */
export async function openMetricsEndpoint({
  port,
  host = "127.0.0.1",
  read,
}: MetricsEndpointOptions): Promise<MetricsEndpoint> {
  // Loaded here, because every process imports this folder and few open an endpoint.
  const { createServer } = await import("node:http");
  const server = createServer(async (request, response) => {
    const [pathname] = (request.url ?? "").split("?");
    if (pathname !== "/metrics") return void response.writeHead(404).end("there is GET /metrics\n");
    if (request.method !== "GET" && request.method !== "HEAD")
      return void response.writeHead(405, { allow: "GET, HEAD" }).end();
    try {
      const text = await read();
      response.writeHead(200, { "content-type": expositionType, "cache-control": "no-store" });
      response.end(text);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      response.writeHead(500).end(`the metrics could not be read: ${why}\n`);
    }
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
