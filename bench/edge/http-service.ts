/** What stands behind every HTTP proxy: node:http without anything, `GET /products/7` answered with 450 bytes of JSON. */
import { createServer } from "node:http";
import { answer } from "../calls/messages.ts";
import { listen } from "./listen.ts";

const prefix = "/products/";

const server = createServer((request, response) => {
  const id = Number(request.url?.slice(prefix.length));
  const body = JSON.stringify(answer({ id, currency: "KRW" }));
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  };
  response.writeHead(200, headers).end(body);
});
await listen(server);
