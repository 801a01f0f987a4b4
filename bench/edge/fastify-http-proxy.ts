/** @fastify/http-proxy on fastify: undici to the bare server, a connection per request in flight. */
import proxy from "@fastify/http-proxy";
import fastify from "fastify";
import { workFor } from "../harness/worker.ts";

const [upstream = ""] = process.argv.slice(2);
const app = fastify({ keepAliveTimeout: 600_000 });
app.register(proxy, {
  upstream,
  undici: { connections: 64, pipelining: 1, keepAliveTimeout: 600_000 },
});
workFor(await app.listen({ host: "127.0.0.1", port: 0 }));
