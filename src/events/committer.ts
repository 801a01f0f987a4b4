import type { ClientOf } from "../contract/index.ts";
import type { KeyOrder } from "./core/key-order.ts";
import { failedEventSize, firstWithin } from "./core/sizes.ts";
import type { eventLog } from "./log-contract.ts";
import { eventLimits, type GroupChanges } from "./types.ts";

/** A lane that a member has. */
export interface OwnLane {
  readonly epoch: number;
  /** Everything before it has come in. */
  readTo: number;
  /** Of what was committed last. */
  cursor: number;
  /** Aborts what runs of it when it goes to somebody else. */
  readonly stop: AbortController;
}

/** What a member has done and the log does not know yet. */
export interface CommitterOptions {
  readonly client: ClientOf<typeof eventLog>;
  readonly identity: { readonly group: string; readonly topic: string; readonly member: string };
  readonly order: KeyOrder;
  readonly lanes: ReadonlyMap<number, OwnLane>;
  /** Lanes to give back once nothing of them is at work. */
  readonly releasing: ReadonlySet<number>;
  /** A lane was given back, or had gone to somebody else. */
  onGone(lane: number): void;
}

/** Tells the log how far a member got. */
export class Committer {
  readonly #options: CommitterOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /**
   * Writes down what was done. What has changed in a lane goes together with its cursor, so that nothing is passed over. One commit
   * after another: one that fails gives back what the next one has to say first.
   */
  commit(): Promise<void> {
    this.#last = this.#last.catch(() => undefined).then(() => this.#commit());
    return this.#last;
  }

  async #commit(): Promise<void> {
    const { order, lanes, releasing } = this.#options;
    const changes = onlyIn(order.takeChanges(), (lane) => lanes.has(lane));
    const { park, unpark, bury } = changes;
    const touched = new Set([...park, ...unpark, ...bury].map(({ lane }) => lane));
    const epochs = new Map<number, number>();
    const cursors: [number, number, number][] = [];
    const release: number[] = [];
    for (const [number, lane] of lanes) {
      const cursor = order.cursorOf(number, lane.readTo);
      const isReleased = releasing.has(number) && order.isIdle(number);
      if (isReleased) release.push(number);
      if (cursor === lane.cursor && !isReleased && !touched.has(number)) continue;
      cursors.push([number, lane.epoch, cursor]);
      epochs.set(number, lane.epoch);
    }
    if (cursors.length === 0) return;
    try {
      await this.#send({ lanes: cursors, ...changes, release });
    } catch (thrown) {
      // A lane that has come back meanwhile came with what the log knows of it.
      const isSame = (lane: number) => lanes.get(lane)?.epoch === epochs.get(lane);
      order.giveBackChanges(onlyIn(changes, isSame));
      throw thrown;
    }
  }

  async #send({ lanes, park, unpark, bury, release }: CommitInput): Promise<void> {
    const { client, identity } = this.#options;
    // Events are written down with their data, which may be more than one message holds: first those that fill it.
    const parts = partsOf({ park, bury });
    const last = parts.pop() ?? { park: [], bury: [] };
    const before = lanes.map(([lane, epoch]): [number, number, number] => [
      lane,
      epoch,
      this.#options.lanes.get(lane)?.cursor ?? 0,
    ]);
    for (const part of parts)
      await client.commit({ ...identity, lanes: before, ...part, unpark: [], release: [] });
    const { stale } = await client.commit({ ...identity, lanes, ...last, unpark, release });
    for (const [number, epoch, cursor] of lanes) {
      const lane = this.#options.lanes.get(number);
      if (lane?.epoch === epoch) lane.cursor = cursor;
    }
    for (const lane of [...stale, ...release]) this.#options.onGone(lane);
  }
}

interface CommitInput extends GroupChanges {
  readonly lanes: [number, number, number][];
  readonly release: number[];
}

function onlyIn(
  { park, unpark, bury }: GroupChanges,
  isIn: (lane: number) => boolean,
): GroupChanges {
  return {
    park: park.filter(({ lane }) => isIn(lane)),
    unpark: unpark.filter(({ lane }) => isIn(lane)),
    bury: bury.filter(({ lane }) => isIn(lane)),
  };
}

type Part = Pick<GroupChanges, "park" | "bury">;

/** As many as a message holds at once. */
function partsOf({ park, bury }: Part): Part[] {
  const parts: Part[] = [];
  for (let from = 0; from < park.length; ) {
    const first = firstWithin(park.slice(from), eventLimits.answerSizeMax, failedEventSize);
    parts.push({ park: first, bury: [] });
    from += first.length;
  }
  for (let from = 0; from < bury.length; ) {
    const first = firstWithin(bury.slice(from), eventLimits.answerSizeMax, failedEventSize);
    parts.push({ park: [], bury: first });
    from += first.length;
  }
  return parts;
}
