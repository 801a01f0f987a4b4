/**
 * What the fleet looks like now, for everybody who watches. Owns the readings of every node's metrics. Nodes are asked only while
 * somebody looks, each at most every `askAgainMs` and `askedMax` of them a second; so a fleet of 1,000 is gone through in ten seconds.
 *
 * ```
 *   registry -------------> nodes ---.
 *   each node's metrics --> loads ---+--> picture --> one update a second for each reader, of what it has missed
 *                      `--> edges ---'
 * ```
 */
import type { z } from "zod";
import { after, asError, DureError, every, now, type Timer, wallTime } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { NodeRecord } from "../registry/index.ts";
import type { Logger, MetricFamily } from "../telemetry/index.ts";
import { nodesOf } from "./core/fleet-nodes.ts";
import { FleetPicture, FleetReader } from "./core/fleet-picture.ts";
import { type Measured, NodeMeter } from "./core/node-meter.ts";
import { edgesOf, loadOf, totalsOf } from "./core/traffic.ts";
import type { FleetUpdate } from "./schemas/fleet.ts";

const lookMs = 1_000;
/** Timers are a little late or early; a node whose turn comes with this look is asked now. */
const askAgainMs = 2_000 - lookMs / 2;
/** Nodes that are asked in one look. */
const askedMax = 100;
/** The first to look does not wait longer than this for the answers. */
const firstAnswersMsMax = 2_000;
/** Nodes are asked for so long after the last one looked. */
const lingerMs = 30_000;
/** A reader hears something at least this often. */
const silenceMsMax = 10_000;
/** A node that does not answer is shown with its last figures for so long. */
const forgetMs = 15_000;
/** Readers of the stream at once. */
const readersMax = 50;

/** What a watcher works with. */
export interface FleetWatcherOptions {
  readonly node: MeshNode;
  /** What a node has counted. Rejects where it does not tell. */
  readMetrics(node: NodeRecord): Promise<readonly MetricFamily[]>;
  readonly logger: Logger;
}

/** What one node measured last. */
export interface NodeReading {
  /** Its slot, or its name. */
  readonly node: string;
  readonly measured: Measured;
}

interface Metered {
  readonly meter: NodeMeter;
  measured: Measured | undefined;
  askedAt: number;
  answeredAt: number;
  isAsked: boolean;
}

export class FleetWatcher {
  readonly #options: FleetWatcherOptions;
  readonly #metered = new Map<string, Metered>();
  readonly #picture = new FleetPicture();
  readonly #waiting = new Set<() => void>();
  readonly #stopListening: () => void;
  #timer: Timer | undefined;
  #firstAnswers: Promise<void> = Promise.resolve();
  #readerCount = 0;
  #wantedUntil = 0;
  #isViewChanged = true;
  #isClosed = false;

  constructor(options: FleetWatcherOptions) {
    this.#options = options;
    this.#stopListening = options.node.registry.onChange(() => {
      this.#isViewChanged = true;
    });
  }

  /** The fleet, and then what changes. Throws RESOURCE_EXHAUSTED for too many readers. */
  async *watch(signal: AbortSignal): AsyncGenerator<z.infer<typeof FleetUpdate>> {
    if (this.#readerCount >= readersMax) {
      const message = `${readersMax} browsers watch the fleet already; close one`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const reader = new FleetReader();
    let toldAt = now();
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#readerCount += 1;
    try {
      this.#want();
      while (!signal.aborted && !this.#isClosed) {
        const isDue = now() - toldAt >= silenceMsMax;
        const update = this.#picture.missedBy(reader, wallTime(), isDue);
        if (update) {
          toldAt = now();
          yield update;
        }
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#readerCount -= 1;
    }
  }

  /** What every node measured last; waits for the first answers where nobody looked before. */
  async readings(): Promise<NodeReading[]> {
    this.#want();
    await this.#firstAnswers;
    const names = new Map(this.#records().map(({ id, slot, name }) => [id, slot || name]));
    return [...this.#metered].flatMap(([id, { measured }]) =>
      measured ? [{ node: names.get(id) ?? id, measured }] : [],
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    this.#timer?.cancel();
    this.#wake();
  }

  #want(): void {
    this.#wantedUntil = now() + lingerMs;
    if (this.#timer || this.#isClosed) return;
    this.#timer = every(lookMs, () => this.#look());
    this.#firstAnswers = inTimeOrNot(Promise.all(this.#ask()), firstAnswersMsMax);
    this.#refresh();
  }

  #look(): void {
    if (this.#readerCount === 0 && now() > this.#wantedUntil) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#metered.clear();
      return;
    }
    this.#refresh();
    void Promise.all(this.#ask());
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Brings the picture to what is known now. */
  #refresh(): void {
    const { registry } = this.#options.node;
    if (this.#isViewChanged) {
      this.#isViewChanged = false;
      const { nodes, leftOut } = nodesOf(registry.self, registry.nodes());
      this.#picture.setNodes(nodes, leftOut);
      const there = new Set(nodes.map(({ id }) => id));
      for (const id of this.#metered.keys()) if (!there.has(id)) this.#metered.delete(id);
    }
    const measured = [...this.#metered].flatMap(([id, each]) =>
      each.measured ? [{ id, measured: each.measured }] : [],
    );
    const all = measured.map((each) => each.measured);
    const loads = measured.map((each) => loadOf(each.id, each.measured));
    this.#picture.setTraffic(loads, edgesOf(all), totalsOf(all));
    this.#picture.setDistributors(
      registry.distributors().map(({ address, state }) => ({
        address: `${address.host}:${address.port}`,
        isConnected: state === "connected",
      })),
    );
  }

  /** Asks those that were not asked for longest. */
  #ask(): Promise<void>[] {
    return this.#records()
      .map((record) => ({ record, metered: this.#meteredOf(record.id) }))
      .filter(({ metered }) => !metered.isAsked && now() - metered.askedAt >= askAgainMs)
      .sort((left, right) => left.metered.askedAt - right.metered.askedAt)
      .slice(0, askedMax)
      .map(({ record, metered }) => this.#askOne(record, metered));
  }

  async #askOne(record: NodeRecord, metered: Metered): Promise<void> {
    metered.isAsked = true;
    metered.askedAt = now();
    try {
      const families = await this.#options.readMetrics(record);
      metered.measured = metered.meter.take(families, now());
      metered.answeredAt = now();
    } catch (thrown) {
      if (now() - metered.answeredAt > forgetMs) metered.measured = undefined;
      const reason = asError(thrown).message;
      this.#options.logger.debug("a node did not tell its metrics", { node: record.id, reason });
    } finally {
      metered.isAsked = false;
    }
  }

  #meteredOf(id: string): Metered {
    const known = this.#metered.get(id);
    if (known) return known;
    const never = Number.NEGATIVE_INFINITY;
    const added: Metered = {
      ...{ meter: new NodeMeter(), measured: undefined },
      ...{ askedAt: never, answeredAt: never, isAsked: false },
    };
    this.#metered.set(id, added);
    return added;
  }

  /** This node and all others. */
  #records(): readonly NodeRecord[] {
    const { registry } = this.#options.node;
    const others = registry.nodes().map(({ record }) => record);
    return [registry.self, ...others.filter(({ id }) => id !== registry.self.id)];
  }
}

/** Resolves when it is done, or after `waitMs`. */
async function inTimeOrNot(work: Promise<unknown>, waitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = after(waitMs, resolve);
  void work.then(() => resolve());
  await promise;
  timer.cancel();
}
