/**
 * The least that Node can do for a request: `bare-answer.ts <URL>` asks the URL once and answers every piece that comes in with the same bytes. It
 * reads nothing of what it is asked, so it shows what node:net alone costs, and is no server.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { workFor } from "../harness/worker.ts";

const [model = ""] = process.argv.slice(2);
const response = await fetch(model);
const body = await response.text();
const fields = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n${body}`);

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", () => socket.write(bytes));
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
workFor(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
