/**
 * A text in messages that the server takes: each begins with a line of numbers, `part parts ...`, and goes on with a part of the text.
 * A writer that stops in the middle leaves parts that nothing follows; the next text begins with a part 0, and they are passed over.
 */

/** For the line and the headers, which the server counts too. */
const overheadBytes = 1_024;

/** The messages of a text. `payloadMax`: the server's `max_payload`, in bytes. */
export function partsOf(
  numbers: readonly number[],
  text: string,
  payloadMax: number,
): Uint8Array[] {
  const bytes = Buffer.from(text);
  const size = payloadMax - overheadBytes;
  const parts = Math.max(1, Math.ceil(bytes.length / size));
  return Array.from({ length: parts }, (_, part) => {
    const line = Buffer.from(`${[part, parts, ...numbers].join(" ")}\n`);
    return Buffer.concat([line, bytes.subarray(part * size, (part + 1) * size)]);
  });
}

/** The numbers of a message's text, the same in all its parts. */
export function numbersOf(data: Uint8Array): number[] {
  return lineOf(data).numbers.slice(2);
}

/** Puts texts together again from messages in their order. */
export class Assembler {
  #parts: Uint8Array[] = [];

  /** The text, if this was its last message. */
  add(data: Uint8Array): { numbers: number[]; text: string } | undefined {
    const { numbers, end } = lineOf(data);
    const [part, parts, ...own] = numbers as [number, number, ...number[]];
    if (part === 0) this.#parts = [];
    if (part !== this.#parts.length) return undefined;
    this.#parts.push(data.subarray(end));
    if (part + 1 < parts) return undefined;
    const text = Buffer.concat(this.#parts).toString();
    this.#parts = [];
    return { numbers: own, text };
  }
}

function lineOf(data: Uint8Array): { numbers: number[]; end: number } {
  const end = data.indexOf(10) + 1;
  const line = Buffer.from(data.subarray(0, end - 1)).toString();
  return { numbers: line.split(" ").map(Number), end };
}
