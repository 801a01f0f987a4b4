/**
 * The log's storage on an engine that is reached over a network: one session at a time, which keeps other processes out. What waits
 * while a write is under way shares the next one. When the session is lost, what was under way fails (publishers try again, and the
 * numbers of their events tell what is stored already), and another one is opened.
 */
import { asError, Backoff, DureError, isErrorCode, sleep, wallTime } from "../../kit/index.ts";
import { blocksOf, type PackedBatch, unpackBatch } from "../core/packed-events.ts";
import { type StorageCallName, type StorageCalls, writingCalls } from "../storage/requests.ts";
import type { Storage } from "../storage/storage.ts";
import type { StoredEvent } from "../types.ts";

/** What an engine is asked: as the log's file is, but events are not packed. */
export interface EngineCall {
  readonly name: StorageCallName;
  readonly input: unknown;
  /** Ms since 1970. */
  readonly at: number;
}

/** A connection that has the log for itself. */
export interface EngineSession {
  /** How often the log has been opened, by anybody, this time included. */
  readonly opening: number;
  /**
   * Runs changes in their order; answers in that order, an error in place of what is refused by itself. When it rejects none of them has
   * happened, or what has is recognised when it is asked for again: several are then tried one by one, so that one that cannot be done
   * does not fail the others.
   */
  write(calls: readonly EngineCall[]): Promise<unknown[]>;
  /** Never runs beside `write`. */
  read(call: EngineCall): Promise<unknown>;
  /** Lets the log go, so that another process can have it. */
  close(): Promise<void>;
}

/** Who keeps the events. */
export interface Engine {
  /** As people call it: `PostgreSQL`. */
  readonly name: string;
  /** What it loses in which failure, in a sentence; said when the log starts. */
  readonly durability: string;
  /**
   * Opens a session and takes the log. Rejects with ALREADY_EXISTS while another process has it. `onLost` is called once, when the
   * session can do nothing more.
   */
  open(onLost: () => void): Promise<EngineSession>;
  /** Which code an error of its client has. */
  codeOf(thrown: unknown): "UNAVAILABLE" | "RESOURCE_EXHAUSTED" | "INTERNAL";
}

interface Waiting extends EngineCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const batchMax = 1_000;

/** Opens the first session. Rejects with ALREADY_EXISTS while another process has the log, UNAVAILABLE without a server. */
export async function openEngineStorage(engine: Engine): Promise<Storage> {
  const storage = new EngineStorage(engine);
  await storage.open();
  return storage;
}

class EngineStorage implements Storage {
  readonly #engine: Engine;
  readonly #waiting: Waiting[] = [];
  #session: EngineSession | undefined;
  /** The opening of the newest session. */
  #opening: number | undefined;
  #onTakenOver = () => {};
  #isWorking = false;
  #isClosed = false;
  /** Why it could not be opened again, the last time. */
  #awayBecause: string | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get durability(): string {
    return this.#engine.durability;
  }

  async open(): Promise<void> {
    let isLost = false;
    let session: EngineSession | undefined;
    try {
      session = await this.#engine.open(() => {
        isLost = true;
        if (session && this.#session === session) this.#onLost();
      });
    } catch (thrown) {
      throw this.#explained(thrown);
    }
    if (isLost) throw this.#lost();
    if (this.#isClosed) return session.close();
    const isNext = this.#opening === undefined || session.opening === this.#opening + 1;
    this.#opening = session.opening;
    this.#session = session;
    if (!isNext) this.#onTakenOver();
  }

  onTakenOver(listener: () => void): void {
    this.#onTakenOver = listener;
  }

  call<Name extends StorageCallName>(
    name: Name,
    input: StorageCalls[Name]["in"],
  ): Promise<StorageCalls[Name]["out"]> {
    if (this.#isClosed)
      return Promise.reject(new DureError("UNAVAILABLE", "the event log is closed"));
    if (!this.#session) return Promise.reject(this.#lost());
    return new Promise((resolve, reject) => {
      const settle = { resolve: resolve as Waiting["resolve"], reject };
      this.#waiting.push({ name, input: unpacked(name, input), at: wallTime(), ...settle });
      if (!this.#isWorking) void this.#work();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#isWorking) await sleep(5);
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax);
      const writes = batch.filter(({ name }) => writingCalls.has(name));
      if (writes.length > 0) await this.#write(writes);
      const reads = batch.filter(({ name }) => !writingCalls.has(name));
      await Promise.all(reads.map((waiting) => this.#read(waiting)));
    }
    this.#isWorking = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      if (!this.#session) throw this.#lost();
      const values = await this.#session.write(batch);
      for (const [index, { resolve, reject }] of batch.entries()) {
        const value = values[index];
        if (value instanceof Error) reject(this.#explained(value));
        else resolve(value);
      }
    } catch (thrown) {
      const [only, ...others] = batch;
      if (only && others.length === 0) return only.reject(this.#explained(thrown));
      for (const waiting of batch) await this.#write([waiting]);
    }
  }

  async #read(waiting: Waiting): Promise<void> {
    try {
      if (!this.#session) throw this.#lost();
      const found = await this.#session.read(waiting);
      waiting.resolve(waiting.name === "read" ? blocksOf(found as StoredEvent[]) : found);
    } catch (thrown) {
      waiting.reject(this.#explained(thrown));
    }
  }

  #onLost(): void {
    this.#session = undefined;
    this.#awayBecause = undefined;
    if (!this.#isClosed) void this.#openAgain();
  }

  /** Until it is back, calls say why they fail; a lock of a session that is half dead goes with it. */
  async #openAgain(): Promise<void> {
    const backoff = new Backoff({ baseMs: 100, capMs: 5_000 });
    while (!this.#isClosed && !this.#session) {
      await sleep(backoff.nextMs());
      await this.open().catch((thrown) => {
        this.#awayBecause = asError(thrown).message;
      });
    }
  }

  #lost(): DureError {
    const why = this.#awayBecause === undefined ? "" : ` (${this.#awayBecause})`;
    const message = `the event log has no connection to ${this.#engine.name} now${why}; it is tried again until there is one`;
    return new DureError("UNAVAILABLE", message);
  }

  #explained(thrown: unknown): Error {
    if (thrown instanceof DureError && isErrorCode(thrown.code)) return thrown;
    const message = `${this.#engine.name}: ${(thrown as Error).message}`;
    return new DureError(this.#engine.codeOf(thrown), message, { cause: thrown });
  }
}

function unpacked(name: StorageCallName, input: unknown): unknown {
  return name === "append" ? unpackBatch(input as PackedBatch) : input;
}
