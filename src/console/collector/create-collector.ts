/**
 * Collects spans and log lines of all nodes of the mesh. Each second every node is asked for what is new since the last time; nothing is
 * pushed. Nodes offer what is sampled, what failed and what was slow. Of a trace with something that failed or was slow the rest is fetched
 * too, from every node, as long as they hold it: in the round after it was seen, and once more when late parts are over.
 */
import { asError, now, sleep, wallTime } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { LogRecord, SpanRecord, TelemetryPage } from "../../telemetry/index.ts";
import type { Collector, CollectorStatus } from "./collector.ts";
import { TraceWishes } from "./core/trace-wishes.ts";
import { LogStore } from "./log-store.ts";
import { SpanStore } from "./span-store.ts";
import { Store, type StoreOptions } from "./store.ts";

/** What {@link createCollector} takes. */
export interface CollectorOptions extends StoreOptions {
  /** A node of the mesh, through which the others are asked. */
  readonly node: MeshNode;
  /** How often, in ms. Default 1,000. */
  readonly everyMs?: number | undefined;
}

const everyMsDefault = 1_000;
/** Nodes that are asked at once. */
const askedAtOnce = 32;
const answerMs = 2_000;
/** Questions to one node in one round: a node that has more is behind, and drops what it cannot keep. */
const pagesMax = 5;
const pageRecords = 1_000;

type NodeRecord = MeshNode["registry"]["self"];

/** Where the next question to a node begins. */
interface Cursor {
  spans: number;
  logs: number;
}

/** Starts collecting at once. */
export function createCollector(options: CollectorOptions): Collector {
  return new RunningCollector(options);
}

class RunningCollector implements Collector {
  readonly #node: MeshNode;
  readonly #everyMs: number;
  readonly #store: Store;
  readonly #spans: SpanStore;
  readonly #logs: LogStore;
  readonly #wishes = new TraceWishes();
  readonly #cursors = new Map<string, Cursor>();
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly #collecting: Promise<void>;
  #asked = 0;
  #answered = 0;
  #droppedSpans = 0;
  #droppedLogs = 0;

  constructor({ node, everyMs = everyMsDefault, ...storage }: CollectorOptions) {
    this.#node = node;
    this.#everyMs = everyMs;
    this.#store = new Store(storage);
    this.#spans = new SpanStore(this.#store);
    this.#logs = new LogStore(this.#store);
    this.#collecting = this.#collect();
  }

  traces(query: Parameters<Collector["traces"]>[0] = {}): ReturnType<Collector["traces"]> {
    return this.#spans.traces(query);
  }

  trace(traceId: string): ReturnType<Collector["trace"]> {
    return this.#spans.trace(traceId);
  }

  logs(query: Parameters<Collector["logs"]>[0] = {}): ReturnType<Collector["logs"]> {
    return this.#logs.logs(query);
  }

  status(): CollectorStatus {
    return {
      nodes: this.#asked,
      answering: this.#answered,
      spans: this.#spans.count,
      logs: this.#logs.count,
      droppedSpans: this.#droppedSpans,
      droppedLogs: this.#droppedLogs,
      bytes: this.#store.bytes,
    };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#stop.abort();
    await this.#collecting;
    this.#store.close();
  }

  async #collect(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedAt = now();
      const before = this.#spans.count + this.#logs.count;
      await this.#round();
      if (signal.aborted) return;
      this.#store.sweep(wallTime());
      if (this.#spans.count + this.#logs.count !== before)
        for (const listener of [...this.#listeners]) listener();
      const pauseMs = Math.max(0, startedAt + this.#everyMs - now());
      await sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  async #round(): Promise<void> {
    const nodes = this.#nodes();
    const known = new Set(nodes.map(({ id }) => id));
    for (const id of this.#cursors.keys()) if (!known.has(id)) this.#cursors.delete(id);
    const wanted = this.#wishes.due(now());
    this.#asked = nodes.length;
    let answered = 0;
    const waiting = nodes.values();
    const worker = async () => {
      for (const node of waiting) if (await this.#ask(node, wanted)) answered += 1;
    };
    await Promise.all(Array.from({ length: Math.min(askedAtOnce, nodes.length) }, worker));
    this.#answered = answered;
  }

  #nodes(): NodeRecord[] {
    const { registry } = this.#node;
    const others = registry.nodes().filter(({ record, status }) => {
      return record.port !== 0 && status !== "suspect" && record.id !== registry.self.id;
    });
    return [registry.self, ...others.map(({ record }) => record)];
  }

  /** Whether it answered. One that does not is asked again in the next round: nobody waits for it. */
  async #ask(node: NodeRecord, wanted: readonly string[]): Promise<boolean> {
    const cursor = this.#cursors.get(node.id) ?? { spans: 0, logs: 0 };
    this.#cursors.set(node.id, cursor);
    try {
      await this.#askSpans(node, cursor);
      await this.#askLogs(node, cursor);
      if (wanted.length > 0) {
        const params = { traceIds: wanted.join(",") };
        const page = await this.#page<SpanRecord>(node, "$telemetry.spans", params);
        this.#spans.add(page.records, wallTime());
      }
      return true;
    } catch (thrown) {
      if (this.#stop.signal.aborted) return false;
      const { message } = asError(thrown);
      this.#node.logger.debug("a node does not tell its spans and logs", {
        peer: node.slot,
        reason: message,
      });
      return false;
    }
  }

  async #askSpans(node: NodeRecord, cursor: Cursor): Promise<void> {
    for (let pages = 0; pages < pagesMax; pages += 1) {
      const params = { after: String(cursor.spans) };
      const page = await this.#page<SpanRecord>(node, "$telemetry.spans", params);
      this.#droppedSpans += page.dropped;
      cursor.spans = page.next;
      this.#spans.add(page.records, wallTime());
      this.#wishes.onKept(page.records, now());
      if (page.records.length < pageRecords) return;
    }
  }

  async #askLogs(node: NodeRecord, cursor: Cursor): Promise<void> {
    for (let pages = 0; pages < pagesMax; pages += 1) {
      const params = { after: String(cursor.logs) };
      const page = await this.#page<LogRecord>(node, "$telemetry.logs", params);
      this.#droppedLogs += page.dropped;
      const isEmpty = page.next === cursor.logs;
      cursor.logs = page.next;
      this.#logs.add(page.records, wallTime());
      if (isEmpty) return;
    }
  }

  async #page<Record>(
    node: NodeRecord,
    operation: string,
    params: Readonly<{ [name: string]: string }>,
  ): Promise<TelemetryPage<Record>> {
    const answer = await this.#node.ask({ node, operation, params, deadlineMs: answerMs });
    this.#stop.signal.throwIfAborted();
    return answer as TelemetryPage<Record>;
  }
}
