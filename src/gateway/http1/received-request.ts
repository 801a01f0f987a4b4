import { randomUUID } from "node:crypto";
import type { HeaderList, Target } from "../../http/index.ts";
import type { RepeatNotes } from "../repeated-hits.ts";
import type { Client } from "../trusted-proxies.ts";
import type { SoundHead } from "./core/request-head.ts";
import type { ReceivedHead } from "./received-head.ts";

/** The part of an exchange that is the same in all protocols: what was asked, by whom, and who is told when the client goes. */
export abstract class ReceivedRequest {
  protected readonly received: ReceivedHead;
  #requestId: string | undefined;
  #isIdSent = false;
  #isAborted = false;
  #abortListeners: (() => void)[] | undefined;

  constructor(received: ReceivedHead) {
    this.received = received;
    this.#requestId = received.givenId;
  }

  get requestId(): string {
    if (this.#requestId === undefined) {
      if (this.#isIdSent) throw new Error("the id went out with the answer, and was not kept");
      this.#requestId = randomUUID();
    }
    return this.#requestId;
  }

  /** Whether nobody asked for the id, so that it can be made where it is sent; it is not known afterwards. */
  protected leaveId(): boolean {
    this.#isIdSent = this.#requestId === undefined;
    return this.#isIdSent;
  }

  get method(): string {
    return this.received.head.method;
  }

  get target(): Target {
    return this.received.target;
  }

  get rawTarget(): string {
    return this.received.rawTarget;
  }

  get host(): string {
    return this.received.sound.host;
  }

  get hasBody(): boolean {
    return this.received.sound.bodyLength !== 0;
  }

  get repeats(): RepeatNotes | undefined {
    return this.received.repeats;
  }

  get sound(): SoundHead {
    return this.received.sound;
  }

  get headers(): HeaderList {
    return this.received.head.headers();
  }

  get remoteAddress(): string {
    return this.received.client.address;
  }

  get scheme(): Client["scheme"] {
    return this.received.client.scheme;
  }

  /** Whether the answer is complete. */
  abstract get isAnswered(): boolean;

  header(name: string): string | undefined {
    return this.received.head.header(name);
  }

  onAbort(listener: () => void): void {
    if (this.#isAborted) return listener();
    this.#abortListeners ??= [];
    this.#abortListeners.push(listener);
  }

  /** The client is gone: tells those who work for it. */
  abort(): void {
    if (this.#isAborted || this.isAnswered) return;
    this.#isAborted = true;
    const listeners = this.#abortListeners ?? [];
    this.#abortListeners = undefined;
    for (const listener of listeners) listener();
  }
}
