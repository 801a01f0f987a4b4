import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:tls";

export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;

/** One frame (RFC 9113, section 4.1). */
export function frame(
  type: keyof typeof frameTypes,
  { flags = 0, stream = 0, payload = Buffer.alloc(0) }: FrameParts = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = frameTypes[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

interface FrameParts {
  readonly flags?: number;
  readonly stream?: number;
  readonly payload?: Buffer;
}

/** `GET https://a/`: three entries of the static table and a literal (RFC 7541, appendix A). */
export const getBlock = Buffer.from([0x82, 0x84, 0x87, 0x41, 1, 0x61]);

/** `POST https://a/`. */
export const postBlock = Buffer.from([0x83, 0x84, 0x87, 0x41, 1, 0x61]);

/** A literal field that no table keeps. */
export function literal(name: string, value: string, first = 0): Buffer {
  return Buffer.concat([Buffer.from([first]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** A client of HTTP/2 of which every frame is in the test's hand; it has sent the preface and its settings. */
export class FrameClient {
  /** Types of the frames that came, and of the last GOAWAY its reason. */
  readonly counts = new Map<number, number>();
  goawayCode: number | undefined;
  isClosed = false;
  #rest: Buffer = Buffer.alloc(0);
  readonly #socket;

  constructor(port: number, ca: string) {
    const options = { port, host: "127.0.0.1", ca, ALPNProtocols: ["h2"] };
    this.#socket = connect({ ...options, servername: "shop.example" });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.isClosed = true;
    });
    this.#socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  /** Whether a stream was reset, or the connection ended. */
  get isRefused(): boolean {
    return this.isClosed || this.counts.has(frameTypes.rstStream);
  }

  async open(): Promise<this> {
    await once(this.#socket, "secureConnect");
    this.send(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame("settings"));
    return this;
  }

  send(...frames: Buffer[]): void {
    if (!this.isClosed) this.#socket.write(Buffer.concat(frames));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      const type = this.#rest[3] as number;
      this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
      if (type === frameTypes.goaway) this.goawayCode = this.#rest.readUInt32BE(13);
      this.#rest = this.#rest.subarray(end);
    }
  }
}
