/**
 * The log's storage in RabbitMQ: the newest changes in a quorum queue, all of them in streams. The log's process may run on any machine;
 * a second log of the same name is refused, by an exclusive queue of the connection.
 */
import { type Engine, type EngineSession, openEngineStorage } from "../engine/engine-storage.ts";
import type { Storage } from "../storage/storage.ts";
import type { RabbitmqClient } from "./rabbitmq-client.ts";
import { RabbitmqLink } from "./rabbitmq-link.ts";
import { RabbitmqLog } from "./rabbitmq-log.ts";

/** What {@link openRabbitmqStorage} takes. */
export interface RabbitmqStorageOptions {
  /** Makes a connection with `amqplib`: `() => amqp.connect(url)`. A heartbeat in the URL (`?heartbeat=10`) finds a dead one. */
  connect(): Promise<RabbitmqClient>;
  /** What the names of the log's queues begin with. Default `dure.events`: one log for a virtual host. */
  readonly name?: string;
}

/** Makes the queues if they are missing. Rejects with ALREADY_EXISTS while another process has the log, UNAVAILABLE without a server. */
export function openRabbitmqStorage({
  connect,
  name = "dure.events",
}: RabbitmqStorageOptions): Promise<Storage> {
  return openEngineStorage({
    name: "RabbitMQ",
    durability:
      "what is acknowledged is synced to the disks of most nodes of RabbitMQ's quorum queue, and lost only with those; copies for reading follow in streams. While the log's process or most nodes are down publishers wait",
    codeOf: () => "UNAVAILABLE",
    open: async (onLost) => openSession(new RabbitmqLink(await connect(), onLost), name),
  } satisfies Engine);
}

async function openSession(link: RabbitmqLink, name: string): Promise<EngineSession> {
  try {
    const log = await RabbitmqLog.open(link, name);
    return {
      opening: log.opening,
      write: (calls) => log.write(calls),
      read: (call) => log.read(call),
      async close() {
        log.close();
        await link.close();
      },
    };
  } catch (thrown) {
    await link.close();
    throw thrown;
  }
}
