/** 64 Ki characters: a longer line is handed on in pieces, so that a process that never ends its line costs no memory. */
const lineLengthMax = 65_536;

/** Cuts a stream of bytes into lines of UTF-8 text. Holds one unfinished line of bounded length. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  readonly #onLine: (line: string) => void;
  #unfinished = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  /** No more will come: what is left is a line. */
  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#unfinished) this.#emit(this.#unfinished);
    this.#unfinished = "";
  }

  #take(text: string): void {
    const pieces = text.split("\n");
    for (const [index, piece] of pieces.entries()) {
      this.#unfinished += piece;
      while (this.#unfinished.length > lineLengthMax) {
        this.#emit(this.#unfinished.slice(0, lineLengthMax));
        this.#unfinished = this.#unfinished.slice(lineLengthMax);
      }
      if (index === pieces.length - 1) break;
      this.#emit(this.#unfinished);
      this.#unfinished = "";
    }
  }

  #emit(line: string): void {
    this.#onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  }
}

/** Splits what a stream gives, from now on. */
export function splitLines(
  stream: NodeJS.ReadableStream | null,
  onLine: (line: string) => void,
): LineSplitter {
  const splitter = new LineSplitter(onLine);
  stream?.on("data", (chunk: Uint8Array) => splitter.push(chunk));
  return splitter;
}
