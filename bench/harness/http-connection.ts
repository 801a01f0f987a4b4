import { connect, type Socket } from "node:net";

/** What became of one request. `reset`: the connection ended before the answer was whole. */
export type HttpOutcome =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  | { readonly kind: "reset"; readonly reason: string };

const headEnd = Buffer.from("\r\n\r\n");

/**
 * One keep-alive connection of a load generator, with one request at a time. It knows as much of HTTP/1.1 as the measured servers
 * use: a status, `content-length` or chunks, `connection: close`.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #settle: ((outcome: HttpOutcome) => void) | undefined;
  #reason = "closed";
  #isOpen = true;

  constructor(target: { readonly host: string; readonly port: number }) {
    this.#socket = connect({ ...target, noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#reason = error.code ?? error.message;
    });
    this.#socket.on("end", () => this.#socket.end());
    this.#socket.on("close", () => this.#end());
  }

  /** Whether a further request can be sent over it. */
  get isOpen(): boolean {
    return this.#isOpen && this.#socket.writable;
  }

  /** Sends a whole request; there must be none on its way. Without an answer within `msMax` the connection is closed. */
  ask(request: string, msMax: number): Promise<HttpOutcome> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#reason = `silent for ${msMax} ms`;
        this.#socket.destroy();
      }, msMax);
      this.#settle = (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      if (this.#isOpen) this.#socket.write(request);
      else this.#end();
    });
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = wholeAnswer(this.#received);
    if (!answer) return;
    this.#received = this.#received.subarray(answer.length);
    if (answer.isLast) this.close();
    this.#finish({ kind: "answered", status: answer.status, body: answer.body });
  }

  #end(): void {
    this.#isOpen = false;
    this.#finish({ kind: "reset", reason: this.#reason });
  }

  #finish(outcome: HttpOutcome): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Bytes it takes. */
  readonly length: number;
  /** Whether the connection ends with it. */
  readonly isLast: boolean;
}

/** The answer that the bytes begin with; undefined while it is not whole. */
export function wholeAnswer(bytes: Buffer): Answer | undefined {
  const headLength = bytes.indexOf(headEnd);
  if (headLength < 0) return undefined;
  const head = bytes.toString("latin1", 0, headLength).toLowerCase();
  const bodyStart = headLength + headEnd.length;
  const body = head.includes("transfer-encoding: chunked")
    ? chunkedBody(bytes, bodyStart)
    : sizedBody(bytes, bodyStart, Number(/^content-length: (\d+)/m.exec(head)?.[1] ?? 0));
  if (!body) return undefined;
  return {
    status: Number(head.slice("http/1.1 ".length, "http/1.1 200".length)),
    body: body.text,
    length: body.end,
    isLast: /^connection: close/m.test(head),
  };
}

function sizedBody(bytes: Buffer, start: number, length: number) {
  const end = start + length;
  return bytes.length < end ? undefined : { text: bytes.toString("utf8", start, end), end };
}

function chunkedBody(bytes: Buffer, start: number) {
  let text = "";
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const length = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + length + 2;
    if (bytes.length < end) return undefined;
    if (length === 0) return { text, end };
    text += bytes.toString("utf8", lineEnd + 2, end - 2);
    at = end;
  }
}
