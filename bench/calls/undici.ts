/** The common way: JSON over HTTP/1.1, undici's pool to a bare node:http server, a connection per call in flight. */
import { once } from "node:events";
import { createServer } from "node:http";
import { Pool } from "undici";
import { type Answer, answer } from "./messages.ts";
import type { CallPeer } from "./peer.ts";

const headers = { "content-type": "application/json" };

const peer: CallPeer = {
  async serve() {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        const [only, ...more] = chunks;
        const text = more.length === 0 ? String(only) : Buffer.concat(chunks).toString();
        const body = JSON.stringify(answer(JSON.parse(text)));
        response
          .writeHead(200, { ...headers, "content-length": Buffer.byteLength(body) })
          .end(body);
      });
    });
    server.keepAliveTimeout = 60_000;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  },
  async connect(address) {
    const pool = new Pool(address, { connections: 64, pipelining: 1, keepAliveTimeout: 50_000 });
    return async (question) => {
      const { body } = await pool.request({
        path: "/products/get",
        method: "POST",
        headers,
        body: JSON.stringify(question),
      });
      return (await body.json()) as Answer;
    };
  },
};
export default peer;
