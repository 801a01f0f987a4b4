/**
 * Takes out of the cache what events say no longer holds: every gateway follows every topic whose contract says `purges`.
 *
 * Invariants: (P1) each event after the first question counts, at least once, in the order of its topic; (P2) where one may have been
 * missed, everything is forgotten; (P3) while the log cannot be asked, lifetimes are what bounds an answer, as without purges.
 */
import { filledTags } from "../contract/index.ts";
import { eventLog, eventsIn, unpackAnswer } from "../events/index.ts";
import { asError, sleep } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type AnswerStore, keyLabel } from "./cache/index.ts";

/** How long one question waits for events, and how long the next one waits after a failure. */
const pollWaitMs = 20_000;
const againMs = 500;
const batchMax = 500;

/** What purges needs of the gateway. */
export interface PurgeSource {
  readonly node: MeshNode;
  readonly answers: AnswerStore;
  readonly logger: Logger;
  /** Hashes of the contracts that are routed now. */
  contractHashes(): ReadonlySet<string>;
}

export class Purges {
  readonly #source: PurgeSource;
  /** Topics that are followed, with the tags of their events as the newest contract says. */
  readonly #topics = new Map<string, readonly string[]>();
  readonly #stop = new AbortController();
  readonly #stopListening: readonly (() => void)[];

  constructor(source: PurgeSource) {
    this.#source = source;
    const { registry } = source.node;
    const look = () => this.#look();
    this.#stopListening = [registry.onChange(look), source.node.onContracts(look)];
    look();
  }

  close(): void {
    this.#stop.abort();
    for (const stop of this.#stopListening) stop();
  }

  #look(): void {
    for (const hash of this.#source.contractHashes()) {
      const contract = this.#source.node.contractOf(hash);
      for (const [name, { purges }] of Object.entries(contract?.events ?? {})) {
        const topic = `${contract?.name}.${name}`;
        if (!purges) continue;
        const isFollowed = this.#topics.has(topic);
        this.#topics.set(topic, purges);
        if (!isFollowed) void this.#follow(topic);
      }
    }
  }

  async #follow(topic: string): Promise<void> {
    const { signal } = this.#stop;
    let from: number | undefined;
    let isTold = false;
    while (!signal.aborted) {
      try {
        from = from === undefined ? await this.#begin(topic) : await this.#take(topic, from);
        isTold = false;
      } catch (thrown) {
        if (signal.aborted) return;
        const facts = { topic, reason: asError(thrown).message };
        if (!isTold) this.#source.logger.warn("purges wait for the event log", facts);
        isTold = true;
        await sleep(againMs, signal).catch(() => {});
      }
    }
  }

  /**
   * The place of the next event. What was stored before it was known may be stale by then: so it is forgotten, or, where answers outlive
   * their gateways, followed from where it was left.
   */
  async #begin(topic: string): Promise<number> {
    const { node, answers } = this.#source;
    const { topics } = await node.client(eventLog).overview();
    const next = topics.find(({ name }) => name === topic)?.next ?? 0;
    const left = await answers.placeIn(topic);
    if (left !== undefined && left <= next) return left;
    answers.clear();
    answers.keepPlace(topic, next);
    return next;
  }

  async #take(topic: string, from: number): Promise<number> {
    const { node, answers } = this.#source;
    const answer = await node
      .client(eventLog)
      .poll({ topic, from, max: batchMax, waitMs: pollWaitMs }, { signal: this.#stop.signal });
    const { blocks, next, first } = unpackAnswer(answer);
    if (first > from) answers.clear();
    const tags = this.#topics.get(topic) ?? [];
    const labels = [...eventsIn(topic, blocks, from)].flatMap(({ body }) =>
      filledTags(tags, JSON.parse(body)).map(keyLabel),
    );
    // Each gateway follows the log.
    if (labels.length > 0) answers.purge(labels, false);
    if (next > from) answers.keepPlace(topic, next);
    return next;
  }
}
