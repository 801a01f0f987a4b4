import { randomUUID } from "node:crypto";
import type { HeaderList, Target } from "../../http/index.ts";
import type { Client } from "../trusted-proxies.ts";
import type { ParsedHead } from "./core/parsed-head.ts";
import type { SoundHead } from "./core/request-head.ts";

/** A head that was judged, and who sent it. */
export interface ReceivedHead {
  readonly head: ParsedHead;
  readonly sound: SoundHead;
  readonly client: Client;
}

/** `OPTIONS *` asks about the server, so it has no path. */
const asterisk: Target = {
  segments: [],
  path: "*",
  search: "",
  query: {},
  hasEncodedSlash: false,
  authority: undefined,
};
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** The part of an exchange that is the same in all protocols: what was asked, by whom, and who is told when the client goes. */
export abstract class ReceivedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly target: Target;
  readonly rawTarget: string;
  readonly host: string;
  readonly hasBody: boolean;
  readonly sound: SoundHead;
  protected readonly head: ParsedHead;
  readonly #client: Client;
  #isAborted = false;
  #abortListeners: (() => void)[] | undefined;

  constructor({ head, sound, client }: ReceivedHead) {
    this.head = head;
    this.sound = sound;
    this.#client = client;
    this.method = head.method;
    this.rawTarget = originForm(head.target);
    this.target = sound.target === "*" ? asterisk : sound.target;
    this.host = sound.host;
    this.hasBody = sound.bodyLength !== 0;
    const given = head.header("x-request-id");
    this.requestId = given !== undefined && requestIdPattern.test(given) ? given : randomUUID();
  }

  get headers(): HeaderList {
    return this.head.headers();
  }

  get remoteAddress(): string {
    return this.#client.address;
  }

  get scheme(): Client["scheme"] {
    return this.#client.scheme;
  }

  /** Whether the answer is complete. */
  abstract get isAnswered(): boolean;

  header(name: string): string | undefined {
    return this.head.header(name);
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

/** Without the host that an absolute target begins with: that is in `host`. */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const rest = target.replace(/^[^:]*:\/\/[^/?]*/, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}
