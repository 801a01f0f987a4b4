/** Dure with its defaults; the Distributor is a process of its own, so that it can die. */
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { createDistributor, createNode, type NodeOptions } from "../../src/node.ts";
import type { FailurePeer } from "./peer.ts";

const fleet = { mesh: "bench", token: "a token of the benchmark, not a secret" } as const;
const Question = z.object({ id: z.string(), note: z.string() });
const Answer = z.object({ id: z.string(), by: z.string() });
const stock = contract("stock", {
  read: op({ idempotent: true, input: Question, output: Answer }),
  write: op({ input: Question, output: Answer }),
});

function startNode(meeting: string, options: Pick<NodeOptions, "name" | "slot" | "services">) {
  const distributors = [{ host: "127.0.0.1", port: Number(meeting) }];
  return createNode({ ...fleet, ...options, distributors });
}

const peer: FailurePeer = {
  async startRegistry() {
    const { port } = await createDistributor({ ...fleet, port: 0 });
    return String(port);
  },
  async serve({ name, meeting, handlers }) {
    const services = [
      service(stock, ({ handle }) =>
        handle({
          read: (question) => handlers.read(question),
          write: (question) => handlers.write(question),
        }),
      ),
    ];
    const node = await startNode(meeting, { name: "stock", slot: name, services });
    return {
      port: node.port,
      async stop() {
        await node.drain();
        await node.close();
      },
    };
  },
  async connect({ meeting }) {
    const node = await startNode(meeting, { name: "caller" });
    const client = node.client(stock);
    return {
      read: (question) => client.read(question),
      write: (question) => client.write(question),
    };
  },
};
export default peer;
