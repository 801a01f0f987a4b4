import { wallTime } from "../../kit/index.ts";
import type { LogsQuery, TelemetryPage } from "../telemetry-page.ts";
import type { LogRecord } from "./log-record.ts";
import { redactFields, redactText } from "./redact.ts";

/** Lines of a node that are held, */
const logLinesMax = 4_096;
/** and their characters at most; the oldest go first, whichever is reached. */
const charactersMax = 4 * 2 ** 20;
/** The fields of one line, as JSON; larger ones are left out. */
const fieldsMax = 8_192;
const answerMax = 1_000;
/** Characters in one answer: well below what a message may have. */
const answerCharactersMax = 2 ** 20;

/** A line as it was logged. */
export interface LoggedLine {
  readonly level: LogRecord["level"];
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface HeldLine {
  readonly record: Omit<LogRecord, "fields" | "node">;
  /** As JSON: a snapshot, and its size is known. */
  readonly fields: string;
}

/** The last lines of a node's log, without their secrets; a node that floods overwrites its own. */
export class LogRing {
  readonly #node: { readonly id: string; readonly name: string };
  readonly #lines: (HeldLine | undefined)[] = new Array(logLinesMax).fill(undefined);
  #oldest = 1;
  #written = 0;
  #characters = 0;

  constructor(node: { readonly id: string; readonly name: string }) {
    this.#node = node;
  }

  add({ level, text, fields }: LoggedLine): void {
    const { service, traceId, spanId, ...rest } = redactFields(fields);
    this.#written += 1;
    const json = JSON.stringify(rest);
    const line: HeldLine = {
      record: {
        sequence: this.#written,
        at: wallTime(),
        level,
        text: redactText(text),
        service: typeof service === "string" ? service : this.#node.name,
        ...(typeof traceId === "string" ? { traceId } : {}),
        ...(typeof spanId === "string" ? { spanId } : {}),
      },
      fields: json.length > fieldsMax ? `{"leftOut":"${json.length} characters of fields"}` : json,
    };
    if (this.#written - this.#oldest >= logLinesMax) this.#drop();
    this.#lines[this.#written % logLinesMax] = line;
    this.#characters += charactersOf(line);
    while (this.#characters > charactersMax) this.#drop();
  }

  /** Answers whoever collects. */
  logs({ after = 0, traceId, text, limit = answerMax }: LogsQuery): TelemetryPage<LogRecord> {
    // A cursor from before the process was started anew is beyond what there is.
    const known = after > this.#written ? 0 : after;
    const wanted = text?.toLowerCase();
    const most = Math.min(limit, answerMax);
    const records: LogRecord[] = [];
    const first = Math.max(known + 1, this.#oldest);
    let next = first - 1;
    let characters = 0;
    while (next < this.#written && records.length < most && characters < answerCharactersMax) {
      next += 1;
      const line = this.#lines[next % logLinesMax] as HeldLine;
      if (traceId !== undefined && line.record.traceId !== traceId) continue;
      if (wanted !== undefined && !hasText(line, wanted)) continue;
      characters += charactersOf(line);
      records.push({ ...line.record, node: this.#node.id, fields: JSON.parse(line.fields) });
    }
    return { records, next, dropped: first - known - 1 };
  }

  #drop(): void {
    const at = this.#oldest % logLinesMax;
    const line = this.#lines[at];
    if (line) this.#characters -= charactersOf(line);
    this.#lines[at] = undefined;
    this.#oldest += 1;
  }
}

function charactersOf({ record, fields }: HeldLine): number {
  return record.text.length + fields.length + record.service.length + 100;
}

function hasText({ record, fields }: HeldLine, wanted: string): boolean {
  return record.text.toLowerCase().includes(wanted) || fields.toLowerCase().includes(wanted);
}
