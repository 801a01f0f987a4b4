/** cote as it comes, but for its broadcasts, which stay on the loopback interface, and its log, which is off. */
import { once } from "node:events";
import { createRequire } from "node:module";
import { freePort } from "../harness/free-port.ts";
import type { Question } from "./messages.ts";
import type { FailurePeer } from "./peer.ts";

// It has no types.
const cote: any = createRequire(import.meta.url)("cote");
const discovery = { broadcast: "127.255.255.255", log: false };

const peer: FailurePeer = {
  async serve({ name, meeting, handlers }) {
    const port = await freePort();
    const responder = new cote.Responder({ name, key: meeting, port }, discovery);
    responder.on("read", ({ question }: any) => handlers.read(question));
    responder.on("write", ({ question }: any) => handlers.write(question));
    await once(responder.sock, "bind");
    return { port: responder.advertisement.port, stop: async () => responder.close() };
  },
  async connect({ meeting }) {
    const requester = new cote.Requester({ name: "caller", key: meeting }, discovery);
    const send = (type: string, question: Question) => requester.send({ type, question });
    return {
      read: (question) => send("read", question),
      write: (question) => send("write", question),
    };
  },
};
export default peer;
