/** A Redis stream and a consumer group: one XREADGROUP and one XACK for many events, the next read beside the acknowledgement. */
import { createClient } from "redis";
import type { EventPeer } from "./peer.ts";

const key = "notes";
const readMax = 500;

const connectTo = (port: string) => createClient({ url: `redis://127.0.0.1:${port}` }).connect();

const peer: EventPeer = {
  async connect(port) {
    const client = await connectTo(port);
    return (note) => client.xAdd(key, "*", { body: JSON.stringify(note) });
  },
  async subscribe(port, { group, start, onNote }) {
    const reader = await connectTo(port);
    // A read that waits holds up its connection.
    const acknowledger = await connectTo(port);
    await reader.xGroupCreate(key, group, start === "now" ? "$" : "0", { MKSTREAM: true });
    let isStopped = false;
    let acknowledged: Promise<unknown> = Promise.resolve();
    const reading = (async () => {
      while (!isStopped) {
        const streams = (await reader.xReadGroup(
          group,
          "reader",
          { key, id: ">" },
          { COUNT: readMax, BLOCK: 100 },
        )) as { messages: { id: string; message: { body: string } }[] }[] | null;
        const messages = streams?.[0]?.messages ?? [];
        if (messages.length === 0) continue;
        for (const { message } of messages) onNote(JSON.parse(message.body));
        await acknowledged;
        acknowledged = acknowledger.xAck(
          key,
          group,
          messages.map(({ id }) => id),
        );
      }
    })();
    return async () => {
      isStopped = true;
      await reading;
      await acknowledged;
      await acknowledger.xGroupDestroy(key, group);
      reader.destroy();
      acknowledger.destroy();
    };
  },
};
export default peer;
