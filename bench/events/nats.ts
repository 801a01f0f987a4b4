/** A JetStream stream in files and a pull consumer that acknowledges each message. */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Note } from "./note.ts";
import type { EventPeer } from "./peer.ts";

const stream = "notes";
const subject = "notes.written";
/** Asked for at once, and the most that may wait for their acknowledgement. */
const pullMax = 1_000;

const connectTo = (port: string): Promise<NatsConnection> =>
  connect({ servers: `127.0.0.1:${port}` });

const peer: EventPeer = {
  async connect(port) {
    const connection = await connectTo(port);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: stream, subjects: [subject] });
    const client = jetstream(connection);
    return (note) => client.publish(subject, JSON.stringify(note));
  },
  async subscribe(port, { group, start, onNote }) {
    const connection = await connectTo(port);
    const manager = await jetstreamManager(connection);
    await manager.consumers.add(stream, {
      durable_name: group,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: start === "now" ? DeliverPolicy.New : DeliverPolicy.All,
      max_ack_pending: 10 * pullMax,
    });
    const consumer = await jetstream(connection).consumers.get(stream, group);
    const messages = await consumer.consume({
      max_messages: pullMax,
      callback(message) {
        onNote(message.json<Note>());
        message.ack();
      },
    });
    return async () => {
      messages.stop();
      await connection.flush();
      await manager.consumers.delete(stream, group);
      await connection.close();
    };
  },
};
export default peer;
