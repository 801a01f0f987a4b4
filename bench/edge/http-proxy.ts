/** http-proxy with a keep-alive agent; without one it opens a connection per request. */
import { Agent, createServer } from "node:http";
import httpProxy from "http-proxy";
import { listenLocally } from "./listen.ts";

const [target = ""] = process.argv.slice(2);
const proxy = httpProxy.createProxyServer({
  target,
  agent: new Agent({ keepAlive: true, maxSockets: 64 }),
});
proxy.on("error", (error, _request, response) => {
  console.error(error.message);
  if ("writeHead" in response) response.writeHead(502);
  response.end();
});
await listenLocally(createServer((request, response) => proxy.web(request, response)));
