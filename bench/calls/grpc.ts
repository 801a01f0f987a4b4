/** @grpc/grpc-js with the same messages as protocol buffers, loaded by @grpc/proto-loader, one channel. */
import { join } from "node:path";
import { promisify } from "node:util";
import {
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { type Answer, answer, type Question } from "./messages.ts";
import type { CallPeer } from "./peer.ts";

const { bench }: any = loadPackageDefinition(loadSync(join(import.meta.dirname, "products.proto")));

const peer: CallPeer = {
  async serve() {
    const server = new Server();
    server.addService(bench.Products.service, {
      get: (call: ServerUnaryCall<Question, Answer>, done: sendUnaryData<Answer>) =>
        done(null, answer(call.request)),
    });
    const bind = promisify(server.bindAsync.bind(server));
    return String(await bind("127.0.0.1:0", ServerCredentials.createInsecure()));
  },
  async connect(address) {
    const client = new bench.Products(`127.0.0.1:${address}`, credentials.createInsecure());
    await promisify(client.waitForReady.bind(client))(Date.now() + 10_000);
    return (question) =>
      new Promise((resolve, reject) => {
        client.get(question, (error: Error | null, value: Answer) =>
          error ? reject(error) : resolve(value),
        );
      });
  },
};
export default peer;
