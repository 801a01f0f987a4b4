import { Buffer } from "node:buffer";
import type { HeaderList } from "../../http/index.ts";
import { wallTime } from "../../kit/index.ts";
import type { RepeatedAnswer, WrittenAnswer } from "../repeated-answer.ts";
import { RandomIds } from "./random-ids.ts";
import { reasonPhrases } from "./reason-phrases.ts";

/** What the engine says of an answer's body. */
export type Framing = number | "chunked" | "until close" | "none";

/** What the engine says of an answer. */
export interface AnswerFacts {
  readonly requestId: string;
  readonly framing: Framing;
  readonly connection: "close" | "keep-alive" | undefined;
}

const namePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Anything else could end the field and begin another one, or an answer: a character above 255 too, by its lower byte. */
const badValue = /[^\t\x20-\x7e\x80-\xff]/;
/** The engine alone says how long a body is and what becomes of the connection. By length, to be quick. */
const engineFields: readonly (readonly string[])[] = Array.from({ length: 32 }, (_, length) =>
  [
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "trailer",
    "x-request-id",
  ].filter((name) => name.length === length),
);

const statusLines: readonly string[] = Array.from({ length: 600 }, (_, status) =>
  status < 200 ? "" : `HTTP/1.1 ${status} ${reasonPhrases[status] ?? ""}\r\n`,
);

/** Whether the engine alone sets a field. */
export function isEngineField(name: string): boolean {
  return engineFields[name.length]?.includes(name.toLowerCase()) ?? false;
}

/** Throws for a name or a value that HTTP does not have. */
export function refuseBadField(name: string, value: string): void {
  if (!namePattern.test(name)) throw new Error(`"${name}" is not the name of a header`);
  if (badValue.test(value)) throw new Error(`the header ${name} holds what no header may hold`);
}

/** Of the ids that the engine gives. */
export const requestIdLength = 36;
const behindId = "\r\n\r\n";

/** Writes the heads of answers. */
export class AnswerHeads {
  readonly ids = new RandomIds();
  #second = -1;
  #dateLine = "";

  /** One head as text, a character a byte. Throws for a status, a name or a value that HTTP does not have. */
  write(status: number, headers: HeaderList, facts: AnswerFacts): string {
    return `${this.#beforeId(status, headers, facts)}${facts.requestId}${behindId}`;
  }

  /** A whole answer on a connection that stays, with room for the id of a request. */
  writeWhole({ status, headers, body }: RepeatedAnswer): WrittenAnswer {
    const facts = { framing: body.length, connection: undefined };
    const before = Buffer.from(this.#beforeId(status, headers, facts), "latin1");
    const id = Buffer.alloc(requestIdLength);
    const bytes = Buffer.concat([before, id, Buffer.from(behindId), body]);
    return { bytes, idAt: before.length };
  }

  #beforeId(status: number, headers: HeaderList, facts: Omit<AnswerFacts, "requestId">): string {
    const statusLine = statusLines[status];
    if (!statusLine) throw new Error(`${status} is not the status of an answer`);
    let fields = "";
    let hasDate = false;
    for (const [name, value] of headers) {
      if (isEngineField(name)) continue;
      refuseBadField(name, value);
      if (name.length === 4 && name.toLowerCase() === "date") hasDate = true;
      fields += `${name}: ${value}\r\n`;
    }
    if (!hasDate) fields += this.#date();
    if (typeof facts.framing === "number") fields += `content-length: ${facts.framing}\r\n`;
    else if (facts.framing === "chunked") fields += "transfer-encoding: chunked\r\n";
    if (facts.connection !== undefined) fields += `connection: ${facts.connection}\r\n`;
    return `${statusLine}${fields}x-request-id: `;
  }

  /** A server with a clock says the time (RFC 9110, section 6.6.1); the text is made once a second. */
  #date(): string {
    const second = Math.floor(wallTime() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#dateLine = `date: ${new Date(second * 1_000).toUTCString()}\r\n`;
    }
    return this.#dateLine;
  }
}
