// A program behind a sidecar, as it might be written in any language: plain HTTP, told what to do by its path.
import { createServer } from "node:http";

const { PORT, DURE_URL, DURE_REQUEST_TOKEN } = process.env;
let isHealthy = process.env.SLOW_START !== "yes";
setTimeout(() => {
  isHealthy = true;
}, 200).unref();

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://app");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const json = (status, value) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  switch (url.pathname) {
    case "/healthz":
      return json(isHealthy ? 200 : 503, {});
    case "/app/echo":
      return json(201, {
        method: request.method,
        query: url.search,
        body: Buffer.concat(chunks).toString(),
        headers: request.headers,
      });
    case "/app/ask": {
      const answer = await fetch(`${DURE_URL}/call/who/am`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${url.searchParams.get("token") ?? DURE_REQUEST_TOKEN}`,
          ...(url.searchParams.get("as") === "nobody"
            ? {}
            : { "dure-request": request.headers["dure-request"] }),
        },
        body: JSON.stringify({ text: "x" }),
      });
      return json(answer.status, await answer.json());
    }
    case "/app/hang":
      process.stdout.write("hanging\n");
      response.on("close", () => process.stdout.write("given up\n"));
      return undefined;
    case "/app/lie":
      response.writeHead(200, { "content-length": "1000" });
      response.write("too little");
      return request.socket.destroySoon();
    case "/app/crash":
      return process.exit(3);
    default:
      return json(404, {});
  }
});
server.listen(Number(PORT), "127.0.0.1");
