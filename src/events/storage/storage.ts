import { Worker } from "node:worker_threads";
import { DureError, wallTime } from "../../kit/index.ts";
import { StorageExecutor } from "./executor.ts";
import type { StorageAnswer, StorageCallName, StorageCalls, StorageRequest } from "./requests.ts";
import { landed, type TravellingBlock } from "./travelling-blocks.ts";

/** The log's file, asked from the event loop. */
export interface Storage {
  /** What it loses in which failure, in a sentence; said when the log starts. */
  readonly durability: string;
  /** Rejects with what the file says; UNAVAILABLE once it is closed. */
  call<Name extends StorageCallName>(
    name: Name,
    input: StorageCalls[Name]["in"],
  ): Promise<StorageCalls[Name]["out"]>;
  /** Of an engine: calls back when another process has had the log meanwhile, so that what was read of it before is of the past. */
  onTakenOver?(listener: () => void): void;
  /** Ends what was asked before, then closes the file. */
  close(): Promise<void>;
}

/** Opens the file in a thread of its own. Rejects with ALREADY_EXISTS while another process has it, DATA_LOSS if it is damaged. */
export async function openStorage(folder: string): Promise<Storage> {
  const file = import.meta.url.endsWith(".ts") ? "./storage-worker.ts" : "./storage-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), { workerData: { folder } });
  await new Promise((resolve, reject) => {
    worker.once("message", (answer: StorageAnswer) => settle({ resolve, reject }, answer));
    worker.once("error", reject);
  });
  return new WorkerStorage(worker);
}

/** Keeps the events of this process only, in memory and on its own thread: for tests. */
export function memoryStorage(): Storage {
  return new InlineStorage(new StorageExecutor(":memory:"));
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function settle({ resolve, reject }: Waiting, answer: StorageAnswer): void {
  if (answer.ok) resolve(answer.value);
  else reject(new DureError(answer.code, answer.message, { details: answer.details }));
}

const closed = () => new DureError("UNAVAILABLE", "the event log is closed");

class WorkerStorage implements Storage {
  readonly durability =
    "what is acknowledged is synced to this machine's disk, and lost with that disk; while the log's process is down publishers wait";
  readonly #worker: Worker;
  /** In the order in which they were sent, which is that of the answers. */
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answers: StorageAnswer[]) => {
      const settled = this.#waiting.splice(0, answers.length);
      for (const [index, waiting] of settled.entries())
        settle(waiting, answers[index] as StorageAnswer);
    });
    worker.on("error", (error) => this.#fail(error as Error));
    worker.on("exit", () => this.#fail(closed()));
  }

  call<Name extends StorageCallName>(
    name: Name,
    input: StorageCalls[Name]["in"],
  ): Promise<StorageCalls[Name]["out"]> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#worker.postMessage({ name, input, at: Math.floor(wallTime()) } satisfies StorageRequest);
    return new Promise((resolve, reject) => {
      const settle = resolve as Waiting["resolve"];
      const land = (blocks: unknown) => settle(landed(blocks as TravellingBlock[]));
      this.#waiting.push({ resolve: name === "read" ? land : settle, reject });
    });
  }

  async close(): Promise<void> {
    if (this.#failure) return;
    const exited = new Promise<void>((resolve) => {
      this.#worker.once("exit", () => resolve());
    });
    this.#worker.postMessage("close");
    await exited;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }
}

class InlineStorage implements Storage {
  readonly durability = "in memory: it is lost with this process";
  readonly #executor: StorageExecutor;
  #isClosed = false;

  constructor(executor: StorageExecutor) {
    this.#executor = executor;
  }

  async call<Name extends StorageCallName>(
    name: Name,
    input: StorageCalls[Name]["in"],
  ): Promise<StorageCalls[Name]["out"]> {
    if (this.#isClosed) throw closed();
    const [answer] = this.#executor.execute([{ name, input, at: Math.floor(wallTime()) }]);
    return new Promise((resolve, reject) => {
      settle({ resolve: resolve as Waiting["resolve"], reject }, answer as StorageAnswer);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#executor.close();
  }
}
