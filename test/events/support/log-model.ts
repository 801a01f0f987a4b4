/**
 * What a log's file has to hold: transactions made at random, and the state after each. The file is asked in this process and
 * synchronously, so that after each transaction everything is on disk and nothing is on its way.
 */
import assert from "node:assert/strict";
import { eventsIn, packBatch, type StoredBlock } from "../../../src/events/core/packed-events.ts";
import { StorageExecutor } from "../../../src/events/storage/executor.ts";
import type { Overview, StorageRequest } from "../../../src/events/storage/requests.ts";
import type { NewEvent } from "../../../src/events/types.ts";

export type Random = (below: number) => number;

const topics = ["shop.ordered", "shop.paid", "shop.sent"];
const sources = ["a", "b", "c", "d"];
const lanes = 4;
const all = { eventsMax: 1_000_000, bytesMax: 1_000_000_000 };

/** What a file holds. */
export interface LogState {
  /** By topic: id and size of each event, by offset; what is in it has its checksum. */
  readonly events: Record<string, string[]>;
  /** Of the first lanes of one group. */
  readonly cursors: number[];
}

export class LogModel {
  readonly state: LogState = { events: {}, cursors: new Array<number>(lanes).fill(0) };
  readonly #random: Random;
  readonly #seqs = new Map(sources.map((source) => [source, 0]));

  constructor(random: Random) {
    this.#random = random;
  }

  /** Requests of one transaction; the state is the one after it. */
  transaction(sizeMax: number): StorageRequest[] {
    const requests = Array.from({ length: 1 + this.#random(4) }, () => this.#append(sizeMax));
    if (this.#random(2) === 0) requests.push(this.#save());
    return requests;
  }

  #append(sizeMax: number): StorageRequest {
    const source = sources[this.#random(sources.length)] as string;
    const seq = this.#seqs.get(source) as number;
    const events = Array.from({ length: 1 + this.#random(8) }, (_, index): NewEvent => {
      const topic = topics[this.#random(topics.length)] as string;
      const body = `${seq + index} ${"x".repeat(this.#random(sizeMax))}`;
      this.state.events[topic] ??= [];
      this.state.events[topic].push(`${source}:1:${seq + index} ${body.length}`);
      return { topic, key: String(this.#random(5)), head: "{}", body };
    });
    this.#seqs.set(source, seq + events.length);
    const input = packBatch({ source, epoch: 1, seq, events });
    return { name: "append", input, at: 1_000 };
  }

  #save(): StorageRequest {
    const lane = this.#random(lanes);
    this.state.cursors[lane] = (this.state.cursors[lane] as number) + 1;
    const moved = [[lane, this.state.cursors[lane]]];
    return {
      name: "saveGroup",
      input: { id: 1, moved, park: [], unpark: [], bury: [] },
      at: 1_000,
    };
  }
}

/** Opens a file with the group that the model writes to. */
export function openLog(folder: string): StorageExecutor {
  const log = new StorageExecutor(folder);
  run(log, [openGroup]);
  return log;
}

const openGroup: StorageRequest = {
  name: "openGroup",
  input: { name: "readers", topic: topics[0], start: "beginning" },
  at: 1_000,
};

/** Runs a transaction; throws what one of the requests failed with. */
export function run(log: StorageExecutor, requests: readonly StorageRequest[]): unknown[] {
  return log.execute(requests).map((answer) => {
    if (!answer.ok) throw Object.assign(new Error(answer.message), answer);
    return answer.value;
  });
}

/** All that is in a file, after a look at what must hold whatever happened. Throws what reading fails with. */
export function stateOf(log: StorageExecutor): LogState {
  const events: Record<string, string[]> = {};
  const [overview] = run(log, [{ name: "overview", input: undefined, at: 0 }]) as [Overview];
  for (const { name: topic, next } of overview.topics) {
    const found: string[] = [];
    while (found.length < next) {
      const input = { topic, from: found.length, bounds: all };
      const [blocks] = run(log, [{ name: "read", input, at: 0 }]) as [StoredBlock[]];
      assert.ok(blocks.length > 0, "what is there can be read");
      for (const { offset, id, body } of eventsIn(topic, blocks)) {
        assert.equal(offset, found.length, "offsets have no gap and no duplicate");
        found.push(`${id} ${body.length}`);
      }
    }
    events[topic] = found;
  }
  const [group] = run(log, [openGroup]) as [{ cursors: Float64Array }];
  return { events, cursors: [...group.cursors.slice(0, lanes)] };
}
