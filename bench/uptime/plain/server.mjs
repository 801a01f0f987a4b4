/** A plain Node server: what PM2, node:cluster and dure cluster run in several processes. */
import { openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { work } from "../work.ts";

const ledger = openSync(join(process.env.DURE_DATA ?? ".", "executed"), "a");
const server = createServer((request, response) => {
  if (request.method === "GET") {
    const id = request.url.slice("/orders/".length);
    writeSync(ledger, `show ${id}\n`);
    return answer(response, { id, by: work() });
  }
  let body = "";
  request.setEncoding("utf8").on("data", (text) => {
    body += text;
  });
  request.on("end", () => {
    const { id } = JSON.parse(body);
    writeSync(ledger, `place ${id}\n`);
    answer(response, { id, by: work() });
  });
});
server.listen(Number(process.env.PORT), "127.0.0.1");

function answer(response, value) {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

// How PM2's documentation ("Graceful Shutdown") has a server end.
process.on("SIGINT", () => server.close(() => process.exit(0)));
