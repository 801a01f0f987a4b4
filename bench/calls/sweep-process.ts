/**
 * One process of the sweep: `callee echo`, `callee dure [<Distributor's port>]`, `caller echo <port>`, `caller dure <port>`.
 * What is sent is what comes back: `{ id, text }` with a text of as many bytes as asked for.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { createNode } from "../../src/node.ts";
import { startDistributor } from "../dure/fleet.ts";
import { workFor } from "../harness/worker.ts";
import { batchedSend, readFrames } from "./bare-echo.ts";
import { measure, type RoundRequest } from "./load.ts";

const Message = z.object({ id: z.int(), text: z.string() });
const mirror = contract("mirror", { show: op({ input: Message, output: Message }) });
const mirrorService = service(mirror, ({ handle }) => handle({ show: (message) => message }));
type Show = (message: z.infer<typeof Message>) => Promise<{ readonly id: number }>;

/** What one round is asked to do, and with how much text in each message. */
export interface SweepRequest extends RoundRequest {
  readonly bytes: number;
}

const [role = "", peer = "", address = ""] = process.argv.slice(2);
const writeBytes = 8 * 1_024;

if (role === "callee") workFor(await (peer === "echo" ? serveEcho() : serveDure(address)));
else {
  const show = await (peer === "echo" ? callEcho(address) : callDure(address));
  let text = "";
  workFor("", (request: SweepRequest) => {
    if (text.length !== request.bytes) text = "x".repeat(request.bytes);
    return measure((id) => show({ id, text }), request);
  });
}

function join(name: string, port: string, services = [mirrorService]) {
  return createNode({
    name,
    mesh: "bench",
    distributors: [{ host: "127.0.0.1", port: Number(port) }],
    services,
    token: "a token of the benchmark, not a secret",
  });
}

async function serveDure(known: string): Promise<string> {
  const port = known || (await startDistributor());
  await join("mirror", port);
  return port;
}

async function callDure(port: string): Promise<Show> {
  const node = await join("caller", port, []);
  const client = node.client(mirror);
  // 1,024 messages of 100 KiB take longer to work off than the usual deadline lets requests wait.
  return (message) => client.show(message, { deadlineMs: 60_000 });
}

async function serveEcho(): Promise<string> {
  const server = createServer({ noDelay: true }, (socket) => {
    const send = batchedSend(socket, writeBytes);
    readFrames(socket, (callNumber, body) => send(callNumber, JSON.stringify(JSON.parse(body))));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return String((server.address() as { port: number }).port);
}

async function callEcho(port: string): Promise<Show> {
  const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const send = batchedSend(socket, writeBytes);
  const pending = new Map<number, (answer: { id: number }) => void>();
  let lastNumber = 0;
  readFrames(socket, (callNumber, body) => {
    const resolve = pending.get(callNumber);
    pending.delete(callNumber);
    resolve?.(JSON.parse(body));
  });
  return (message) =>
    new Promise((resolve) => {
      lastNumber = (lastNumber + 1) >>> 0;
      pending.set(lastNumber, resolve);
      send(lastNumber, JSON.stringify(message));
    });
}
