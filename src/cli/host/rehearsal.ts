/**
 * Code that has not run yet takes several times as long, and a gateway that takes another's place gets its share of the requests within
 * seconds. So it rehearses before it says that it is ready: requests over HTTP become calls to a node of its own, in a mesh of its own on
 * loopback that nobody else can enter. Nothing of it reaches the fleet, nor its logs, metrics and traces.
 */
import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { z } from "zod";
import { contract, op, service } from "../../contract/index.ts";
import { createGateway, type Gateway } from "../../gateway/index.ts";
import { asError, Closers, DureError, now, sleep } from "../../kit/index.ts";
import { createNode } from "../../mesh/index.ts";
import { createDistributor } from "../../registry/index.ts";
import { type Logger, silentLogger } from "../../telemetry/index.ts";

/** By then most of what runs often is compiled for speed. */
const requestsMax = 600;
/** Where the processor is busy it ends sooner, in ms. */
const rehearsalMsMax = 4_000;
/** So many at once, and then a rest, so that it never has a processor for itself. */
const connectionCount = 4;
const restMs = 8;
const host = "127.0.0.1";
const lookMs = 5;

const Question = z.object({ id: z.string() });
const Answer = z.object({ id: z.string(), by: z.string() });
const rehearsal = contract("rehearsal", {
  read: op({ http: "GET /rehearsal/:id", auth: "public", input: Question, output: Answer }),
  write: op({ http: "POST /rehearsal", auth: "public", input: Question, output: Answer }),
});
const rehearsalService = service(rehearsal, ({ handle }) => {
  const answer = ({ id }: { readonly id: string }) => ({ id, by: "the rehearsal" });
  return handle({ read: answer, write: answer });
});

/** Resolves when it is through. What goes wrong is told and harms nobody: the process starts as it would without. */
export async function rehearse(logger: Logger): Promise<void> {
  const closers = new Closers();
  try {
    const endsAt = now() + rehearsalMsMax;
    const { port } = await openStage(closers, endsAt);
    const sockets = Array.from({ length: connectionCount }, () => connect({ host, port }));
    closers.add(() => sockets.map((socket) => socket.destroy()));
    for (let begun = 0; begun < requestsMax && now() < endsAt; begun += connectionCount) {
      await Promise.all(sockets.map((socket, index) => ask(socket, requestFor(begun + index))));
      await sleep(restMs);
    }
  } catch (thrown) {
    const reason = asError(thrown).message;
    logger.warn("the rehearsal failed, so the first requests will take longer", { reason });
  }
  await closers.close().catch((thrown) => {
    const reason = asError(thrown).message;
    logger.warn("what was opened for the rehearsal did not close cleanly", { reason });
  });
}

async function openStage(closers: Closers, endsAt: number): Promise<Gateway> {
  const common = { mesh: "rehearsal", host, token: randomUUID(), logger: silentLogger };
  const distributor = await createDistributor({ ...common, port: 0 });
  closers.add(() => distributor.close());
  const ofMesh = { ...common, distributors: [{ host, port: distributor.port }] };
  const callee = await createNode({ ...ofMesh, name: "callee", services: [rehearsalService] });
  closers.add(() => callee.close());
  const caller = await createNode({ ...ofMesh, name: "caller" });
  closers.add(() => caller.close());
  const gateway = await createGateway({ node: caller, host, port: 0, logger: silentLogger });
  closers.add(() => gateway.close());
  while (!gateway.isReady([rehearsal["~contract"].name])) {
    if (now() > endsAt) throw new DureError("UNAVAILABLE", "its service was not found in time");
    await sleep(lookMs);
  }
  return gateway;
}

function requestFor(number: number): string {
  if (number % 4 !== 0) return `GET /rehearsal/${number} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
  const body = JSON.stringify({ id: String(number) });
  const head = `POST /rehearsal HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json`;
  return `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Answers are short: each comes in one piece. */
function ask(socket: Socket, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new DureError("UNAVAILABLE", "the connection was closed"));
    socket.once("close", onClose);
    socket.once("data", () => {
      socket.off("close", onClose);
      resolve();
    });
    socket.write(request);
  });
}
