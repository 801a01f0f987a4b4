import { DureError, now, randomInt } from "../kit/index.ts";
import type {
  EventsPort,
  EventWishes,
  MeshNode,
  OutgoingEvent,
  PublishTimes,
} from "../mesh/index.ts";
import { GroupMember } from "./group-member.ts";
import { eventLog } from "./log-contract.ts";
import { Publisher } from "./publisher.ts";
import { Ticker } from "./ticker.ts";

/** Lets a node publish to the mesh's event log and take events from it: `createNode({ ..., events: meshEvents() })`. */
export function meshEvents(): EventsPort {
  return new MeshEvents();
}

class MeshEvents implements EventsPort {
  #publisher: Publisher | undefined;
  #members: GroupMember[] = [];
  #tickers: Ticker[] = [];

  publish(event: OutgoingEvent, { deadlineMs, delayMs }: PublishTimes): Promise<void> {
    if (this.#publisher) {
      return delayMs > 0
        ? this.#publisher.publishLater(event, delayMs, deadlineMs)
        : this.#publisher.publish(event, deadlineMs);
    }
    const message = `event ${event.topic}: the node is not started; publish from a handler, not while setting up`;
    return Promise.reject(new DureError("FAILED_PRECONDITION", message, { sent: "no" }));
  }

  start(node: MeshNode, { subscriptions, schedules }: EventWishes): void {
    const client = node.client(eventLog);
    this.#publisher = new Publisher(client, node.id);
    this.#members = subscriptions.map(
      (subscription, index) =>
        new GroupMember({
          client,
          name: `${node.id}-${index}-${Math.floor(now())}-${randomInt(1_000_000)}`,
          subscription,
          logger: node.logger,
        }),
    );
    const { logger } = node;
    this.#tickers = schedules.map((schedule) => new Ticker({ client, schedule, logger }));
    for (const each of [...this.#members, ...this.#tickers]) each.start();
  }

  async drain(): Promise<void> {
    for (const ticker of this.#tickers) ticker.close();
    await Promise.all(this.#members.map((member) => member.drain()));
  }

  close(): void {
    for (const each of [...this.#members, ...this.#tickers]) each.close();
    this.#publisher?.close();
  }
}
