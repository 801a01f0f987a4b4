import type { Target } from "../../http/index.ts";
import type { RepeatNotes } from "../repeated-hits.ts";
import type { Client } from "../trusted-proxies.ts";
import type { ParsedHead } from "./core/parsed-head.ts";
import type { SoundHead } from "./core/request-head.ts";

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

/** A head that was judged, and who sent it: all that follows from its bytes and its connection alone. */
export class ReceivedHead {
  readonly head: ParsedHead;
  readonly sound: SoundHead;
  readonly client: Client;
  readonly target: Target;
  readonly rawTarget: string;
  /** The id that the client gave the request. */
  readonly givenId: string | undefined;
  /** Once the same bytes have come again. */
  repeats: RepeatNotes | undefined;

  constructor(head: ParsedHead, sound: SoundHead, client: Client) {
    this.head = head;
    this.sound = sound;
    this.client = client;
    this.target = sound.target === "*" ? asterisk : sound.target;
    this.rawTarget = originForm(head.target);
    const id = head.header("x-request-id");
    this.givenId = id !== undefined && requestIdPattern.test(id) ? id : undefined;
  }
}

/** Without the host that an absolute target begins with: that is in `host`. */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const rest = target.replace(/^[^:]*:\/\/[^/?]*/, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}
