/** What stands behind every HTTP proxy: node:http without anything, `GET /products/7` answered with 450 bytes of JSON that may be kept. */
import { createServer } from "node:http";
import { answer } from "../calls/messages.ts";
import { listenLocally } from "./listen.ts";

const server = createServer((request, response) => {
  const { url = "/" } = request;
  const id = Number(url.slice(url.lastIndexOf("/") + 1));
  const body = JSON.stringify(answer({ id, currency: "KRW" }));
  const headers = {
    "content-type": "application/json",
    "cache-control": "max-age=3600",
    "content-length": Buffer.byteLength(body),
  };
  response.writeHead(200, headers).end(body);
});
await listenLocally(server);
