/**
 * One instance's part in a consumer group: says that it is alive, reads the events of its lanes, works on them in the order of their
 * keys, and says how far it got.
 *
 *   renew (every second) -> lanes -> poll -> KeyOrder -> handler -> commit (every 50 ms)
 *
 * While the log is down it goes on with what it has and tries again; a lane that went to somebody else meanwhile is dropped, and what
 * runs of it is told to stop.
 */
import type { ClientOf } from "../contract/index.ts";
import { asError, type DureError, sleep } from "../kit/index.ts";
import type { EventSubscription } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { Committer, type OwnLane } from "./committer.ts";
import { KeyOrder } from "./core/key-order.ts";
import { laneCount, lanesToText } from "./core/lanes.ts";
import { unpackAnswer } from "./core/poll-answer.ts";
import { EventWorker } from "./event-worker.ts";
import type { eventLog } from "./log-contract.ts";
import type { ParkedEvent } from "./types.ts";

/** What a member works with. */
export interface GroupMemberOptions {
  readonly client: ClientOf<typeof eventLog>;
  /** Unique among all members of all groups. */
  readonly name: string;
  readonly subscription: EventSubscription;
  readonly logger: Logger;
}

const renewMs = 1_000;
const commitMs = 50;
const againMs = 200;
const pollWaitMs = 20_000;
/** Few enough to keep both at work: the log reads the next ones while these are worked on. */
const pollMax = 500;
/** Events held in memory; no more are read until some are done. */
const heldMax = 1_000;

export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #order = new KeyOrder();
  readonly #lanes = new Map<number, OwnLane>();
  readonly #releasing = new Set<number>();
  readonly #committer: Committer;
  readonly #worker: EventWorker;
  #isStopping = false;
  #isClosed = false;
  #polling = new AbortController();
  readonly #stopping = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #loops: Promise<unknown> = Promise.resolve();
  #isTroubled = false;
  /** Revived events of the last answer: the log tells of them until it knows that they were heard of. */
  #heard: number[] = [];

  constructor(options: GroupMemberOptions) {
    this.#options = options;
    this.#worker = new EventWorker({
      subscription: options.subscription,
      logger: options.logger,
      order: this.#order,
      lanes: this.#lanes,
      onEnded: () => this.#notify(),
    });
    this.#committer = new Committer({
      client: options.client,
      identity: this.#identity,
      order: this.#order,
      lanes: this.#lanes,
      releasing: this.#releasing,
      onGone: (lane) => {
        this.#drop(lane);
        this.#notify();
      },
    });
  }

  start(): void {
    this.#loops = Promise.all([this.#renewLoop(), this.#pollLoop(), this.#commitLoop()]);
  }

  /** Takes nothing new, ends what runs, commits it and gives the lanes back. */
  async drain(): Promise<void> {
    this.#stop();
    while (!this.#worker.isIdle && !this.#isClosed) await this.#change();
    for (const lane of this.#lanes.keys()) {
      // What has come in and was not begun is for whoever has the lane next.
      this.#order.leaveWaiting(lane);
      this.#releasing.add(lane);
    }
    await this.#committer.commit().catch(() => undefined);
    this.close();
    await this.#loops;
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    for (const { stop } of this.#lanes.values()) stop.abort();
    this.#notify();
  }

  #stop(): void {
    this.#isStopping = true;
    this.#worker.stop();
    this.#stopping.abort();
    this.#polling.abort();
    this.#notify();
  }

  get #identity() {
    const { name, subscription } = this.#options;
    return { group: subscription.group, topic: subscription.topic, member: name };
  }

  async #renewLoop(): Promise<void> {
    const { client, subscription } = this.#options;
    while (!this.#isStopping) {
      await this.#patiently(async () => {
        const { start } = subscription;
        const held = [...this.#lanes].map(([lane, { epoch }]): [number, number] => [lane, epoch]);
        const sign = { held, heard: this.#heard };
        const answer = await client.renew({ ...this.#identity, start, ...sign });
        for (const lane of answer.lost) this.#drop(lane);
        const parked = await this.#parkedIn(answer.lanes);
        for (const { lane, epoch, cursor } of answer.lanes) {
          this.#drop(lane);
          // A handler from before the lane went away and came back: the log offers it again in a moment.
          if (this.#worker.isBusy(lane)) continue;
          this.#lanes.set(lane, { epoch, readTo: cursor, cursor, stop: new AbortController() });
        }
        for (const each of [...parked, ...answer.revived])
          if (this.#lanes.has(each.lane)) this.#worker.restore(each);
        this.#heard = answer.revived.map(({ offset }) => offset);
        for (const lane of answer.release) {
          this.#releasing.add(lane);
          this.#order.hold(lane);
        }
        if (answer.lanes.length + answer.lost.length + answer.release.length > 0)
          this.#polling.abort();
        this.#notify();
      });
      await this.#pause(renewMs);
    }
  }

  /** What waits in lanes that are new here. */
  async #parkedIn(lanes: readonly { lane: number; hasParked: boolean }[]): Promise<ParkedEvent[]> {
    const { group, topic } = this.#options.subscription;
    const wanted = lanes.filter(({ hasParked }) => hasParked).map(({ lane }) => lane);
    const all: ParkedEvent[] = [];
    let from: number | undefined = wanted.length > 0 ? 0 : undefined;
    while (from !== undefined) {
      const input = { group, topic, lanes: lanesToText(wanted), from };
      const { parked, next }: { parked: ParkedEvent[]; next?: number | undefined } =
        await this.#options.client.parked(input);
      all.push(...parked);
      from = next;
    }
    return all;
  }

  async #pollLoop(): Promise<void> {
    const { client, subscription } = this.#options;
    while (!this.#isStopping) {
      const lanes = [...this.#lanes.keys()].filter((lane) => !this.#releasing.has(lane));
      if (lanes.length === 0 || this.#order.size >= heldMax) {
        await this.#change();
        continue;
      }
      await this.#patiently(async () => {
        const from = Math.min(...lanes.map((lane) => this.#lanes.get(lane)?.readTo ?? 0));
        const asked = new Map(lanes.map((lane) => [lane, this.#lanes.get(lane)]));
        const input = {
          topic: subscription.topic,
          from,
          lanes: lanesToText(lanes),
          max: pollMax,
          waitMs: pollWaitMs,
        };
        this.#polling = new AbortController();
        const answer = await client.poll(input, { signal: this.#polling.signal });
        const { blocks, next, first } = unpackAnswer(answer);
        if (first > from) this.#tellOfLoss(from, first);
        const { topic } = subscription;
        this.#order.arrived({ topic, blocks, wantedFrom: this.#readOn(asked, next) });
        // Where more is there, it is asked for before the work begins, so that the log reads it meanwhile.
        if (next - from < pollMax) this.#worker.run();
        else setImmediate(() => this.#worker.run());
      });
    }
  }

  async #commitLoop(): Promise<void> {
    while (!this.#isStopping) {
      await this.#patiently(() => this.#committer.commit());
      await this.#pause(commitMs);
      this.#worker.run();
    }
  }

  /** What came of lanes is theirs, up to `next`; gives from where on it is new, by lane. */
  #readOn(asked: ReadonlyMap<number, OwnLane | undefined>, next: number): Float64Array {
    const newFrom = new Float64Array(laneCount).fill(Number.POSITIVE_INFINITY);
    for (const [lane, was] of asked) {
      const is = this.#lanes.get(lane);
      // It went to somebody else meanwhile, or is about to.
      if (!is || is !== was || this.#releasing.has(lane)) continue;
      newFrom[lane] = is.readTo;
      is.readTo = Math.max(is.readTo, next);
    }
    return newFrom;
  }

  #drop(lane: number): void {
    this.#lanes.get(lane)?.stop.abort();
    this.#lanes.delete(lane);
    this.#releasing.delete(lane);
    this.#order.drop(lane);
  }

  #tellOfLoss(from: number, first: number): void {
    const { group, topic } = this.#options.subscription;
    const facts = { group, topic, from, first, lost: first - from };
    const message = "events were dropped by retention before this group had read them";
    this.#options.logger.error(message, facts);
  }

  /** Runs it; what fails is told once, until it goes well again, and waits a moment. */
  async #patiently(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.#isTroubled = false;
    } catch (thrown) {
      if (this.#isStopping || (thrown as DureError).code === "CANCELLED") return;
      const { group, topic } = this.#options.subscription;
      const facts = { group, topic, reason: asError(thrown).message };
      if (this.#isTroubled) this.#options.logger.debug("still in vain", facts);
      else if ((thrown as DureError).code === "DATA_LOSS")
        this.#options.logger.error("an event cannot be read; this group waits before it", facts);
      else this.#options.logger.warn("the event log cannot be reached; trying again", facts);
      this.#isTroubled = true;
      await this.#pause(againMs);
    }
  }

  /** Resolves after a while, or when this member stops. */
  #pause(ms: number): Promise<void> {
    return sleep(ms, this.#stopping.signal).catch(() => undefined);
  }

  /** Resolves when something has changed: lanes, work, or whether it goes on. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #notify(): void {
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
