/** Runs what is asked of the file: all that waits in one transaction, so that one sync of the disk serves them all (group commit). */
import { DureError, type ErrorCode, isErrorCode } from "../../kit/index.ts";
import { revived } from "../core/revival.ts";
import { GroupsFile } from "./groups-file.ts";
import { LogFile } from "./log-file.ts";
import {
  type StorageAnswer,
  type StorageCallName,
  type StorageCalls,
  type StorageRequest,
  writingCalls,
} from "./requests.ts";
import { explainSqlite } from "./sqlite-errors.ts";

type Run = {
  readonly [Name in StorageCallName]: (
    input: StorageCalls[Name]["in"],
    at: number,
  ) => StorageCalls[Name]["out"];
};

export class StorageExecutor {
  readonly #log: LogFile;
  readonly #groups: GroupsFile;
  readonly #run: Run;

  /** Throws what {@link LogFile} throws. */
  constructor(folder: string) {
    this.#log = new LogFile(folder);
    this.#groups = new GroupsFile(this.#log.database);
    this.#run = {
      append: (batch, at) => this.#log.append(batch, at),
      openGroup: ({ name, topic, start }) => {
        const { first, next } = this.#log.range(topic);
        return this.#groups.open(name, topic, start === "now" ? next : first);
      },
      saveGroup: (change, at) => void this.#groups.save(change, at),
      revive: (input, at) => this.#revive(input, at),
      retain: ({ now, ...retention }) => this.#log.retain(retention, now),
      read: ({ topic, from, bounds }) => this.#log.read(topic, from, bounds),
      deadLetters: (filter) => this.#groups.deadLetters(filter),
      overview: () => this.#overview(),
    };
  }

  /** Answers in the order of the requests. Reads see all writes among them. */
  execute(requests: readonly StorageRequest[]): StorageAnswer[] {
    const answers = new Array<StorageAnswer>(requests.length);
    const writes = requests.filter(({ name }) => writingCalls.has(name));
    const written = writes.length > 0 ? this.#write(writes) : [];
    let nextWritten = 0;
    for (const [index, request] of requests.entries()) {
      answers[index] = writingCalls.has(request.name)
        ? (written[nextWritten++] as StorageAnswer)
        : this.#attempt(request);
    }
    return answers;
  }

  close(): void {
    this.#log.close();
  }

  /** One that fails must not fail the others: then each gets a transaction of its own. */
  #write(requests: readonly StorageRequest[]): StorageAnswer[] {
    const answers: StorageAnswer[] = [];
    try {
      this.#log.database.exec("begin immediate");
      for (const request of requests) answers.push({ ok: true, value: this.#call(request) });
      this.#log.seal();
      this.#log.database.exec("commit");
      return answers;
    } catch (thrown) {
      this.#rollBack();
      if (requests.length === 1) return [failureOf(thrown, this.#log.path)];
    }
    return requests.flatMap((request) => this.#write([request]));
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (this.#log.database.isTransaction) this.#log.database.exec("rollback");
    this.#log.reload();
  }

  #attempt(request: StorageRequest): StorageAnswer {
    try {
      return { ok: true, value: this.#call(request) };
    } catch (thrown) {
      return failureOf(thrown, this.#log.path);
    }
  }

  #call({ name, input, at }: StorageRequest): unknown {
    return (this.#run[name] as (input: unknown, at: number) => unknown)(input, at);
  }

  #revive(
    { id, body, isDropped }: StorageCalls["revive"]["in"],
    at: number,
  ): StorageCalls["revive"]["out"] {
    const letter = this.#groups.takeDeadLetter(id);
    if (!letter) return undefined;
    if (isDropped) return { letter };
    const parked = revived(letter, body, at);
    const { id: group } = this.#groups.open(letter.group, letter.event.topic, parked.offset);
    this.#groups.save({ id: group, moved: [], park: [parked], unpark: [], bury: [] }, at);
    return { letter, parked };
  }

  #overview(): StorageCalls["overview"]["out"] {
    const { incarnation, path } = this.#log;
    const topics = [...this.#log.topics()].map(({ name, first, next, bytes }) => ({
      name,
      first,
      next,
      bytes,
    }));
    const groups = this.#groups
      .groups()
      .map((group) => ({ ...group, dead: this.#groups.deadLetterCount(group.name, group.topic) }));
    return { incarnation, path, topics, groups };
  }
}

/** An error as an answer. */
export function failureOf(thrown: unknown, path: string): StorageAnswer & { readonly ok: false } {
  const explained = explainSqlite(thrown, path);
  const { message } = explained as Error;
  if (!(explained instanceof DureError)) return { ok: false, code: "INTERNAL", message };
  const code: ErrorCode = isErrorCode(explained.code) ? explained.code : "INTERNAL";
  return { ok: false, code, message, details: explained.details };
}
