import { type LogRecord, levelRank } from "../../telemetry/index.ts";
import type { CollectedLog, CollectedLogsQuery } from "./collector.ts";
import { containing, type Store } from "./store.ts";

/** Lines in one answer. */
const linesMax = 1_000;
const linesDefault = 100;

/** What a search looks through: the line as people see it, `message name=value ...`, in lower case. */
function searchedText({ text, fields }: LogRecord): string {
  const told = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [text, ...told].join(" ").toLowerCase();
}

/** The log lines that were collected. */
export class LogStore {
  readonly #store: Store;
  readonly #insert;
  readonly #find;
  #count = 0;

  constructor(store: Store) {
    const { database } = store;
    this.#store = store;
    this.#insert = database.prepare(
      "insert into logs (trace, service, node, level, came, size, searched, record) values (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#find = database.prepare(
      `select id, record from logs where id < :before and id > :after and level >= :level
        and (:trace is null or trace = :trace) and (:service is null or service = :service)
        and (:node is null or node = :node) and (:text is null or searched like :text escape '\\')
        order by id desc limit :limit`,
    );
  }

  /** Lines that came in, ever. */
  get count(): number {
    return this.#count;
  }

  /** @param time in ms since 1970. */
  add(lines: readonly LogRecord[], time: number): void {
    this.#store.transaction(() => {
      for (const line of lines) {
        const record = JSON.stringify(line);
        const { traceId = null, service, node, level } = line;
        const searched = searchedText(line);
        const size = record.length + searched.length;
        const came = Math.floor(time);
        const rank = levelRank[level];
        this.#insert.run(traceId, service, node, rank, came, size, searched, record);
        this.#store.added("logs", size);
        this.#count += 1;
      }
    });
  }

  logs(query: CollectedLogsQuery): CollectedLog[] {
    const { text, traceId = null, service = null, node = null, level = "debug" } = query;
    const { before = Number.MAX_SAFE_INTEGER, after = 0, limit = linesDefault } = query;
    const rows = this.#find.all({
      before,
      after,
      level: levelRank[level],
      trace: traceId,
      service,
      node,
      text: text === undefined ? null : containing(text.toLowerCase()),
      limit: Math.min(limit, linesMax),
    });
    return rows.map(({ id, record }) => ({
      ...(JSON.parse(String(record)) as LogRecord),
      id: Number(id),
    }));
  }
}
