/** Reads frames of WebSocket only as far as to know where one ends (RFC 6455, section 5.2). What is in them it passes over. */

const closeOpcode = 0x8;

export class FrameReader {
  #head: number[] = [];
  #payloadLeft = 0;
  #hasClosed = false;

  /** Whether what comes next is a new frame. */
  get isBetweenFrames(): boolean {
    return this.#payloadLeft === 0 && this.#head.length === 0;
  }

  /** Whether a Close frame has begun. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** Takes bytes. `isToEnd`: only to the end of the frame that has begun. Returns how many it took. */
  read(bytes: Uint8Array, isToEnd = false): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, bytes.length - at);
        this.#payloadLeft -= taken;
        at += taken;
      } else {
        this.#head.push(bytes[at] as number);
        at += 1;
        this.#endHead();
      }
      if (isToEnd && this.isBetweenFrames) break;
    }
    return at;
  }

  /**
   * ```
   *   FIN RSV opcode | MASK length7 | length, 0, 2 or 8 bytes | masking key, 0 or 4 bytes
   * ```
   */
  #endHead(): void {
    const [first = 0, second = 0] = this.#head;
    const length7 = second & 0x7f;
    const lengthBytes = length7 === 127 ? 8 : length7 === 126 ? 2 : 0;
    const headBytes = 2 + lengthBytes + (second & 0x80 ? 4 : 0);
    if (this.#head.length < 2 || this.#head.length < headBytes) return;
    const long = this.#head.slice(2, 2 + lengthBytes);
    this.#payloadLeft = long.reduce((length, byte) => length * 256 + byte, 0);
    if (lengthBytes === 0) this.#payloadLeft = length7;
    this.#hasClosed ||= (first & 0x0f) === closeOpcode;
    this.#head = [];
  }
}
