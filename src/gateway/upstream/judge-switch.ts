/** Whether a 101 of an upstream is the one that was asked for (RFC 6455, section 4.1). */
import { createHash } from "node:crypto";
import type { HeaderList } from "../../http/index.ts";
import type { AnswerHead } from "./core/answer-head-reader.ts";

/** What a client asked for when it asked for WebSocket. */
export interface WebSocketAsk {
  /** `Sec-WebSocket-Key`. */
  readonly key: string;
  /** `Sec-WebSocket-Protocol`. */
  readonly protocols: readonly string[];
  /** The names of `Sec-WebSocket-Extensions`. */
  readonly extensions: readonly string[];
}

/** RFC 6455, section 1.3. */
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What a request with these headers asks for. */
export function webSocketAskOf(headers: HeaderList): WebSocketAsk {
  const [key = ""] = valuesOf(headers, "sec-websocket-key");
  return {
    key,
    protocols: listOf(headers, "sec-websocket-protocol"),
    extensions: extensionsOf(headers),
  };
}

/** What is wrong with a 101, in words; undefined if nothing is. */
export function switchRefusal({ headers }: AnswerHead, ask: WebSocketAsk): string | undefined {
  const upgrade = valuesOf(headers, "upgrade").join();
  if (upgrade.toLowerCase() !== "websocket")
    return `it switches to "${upgrade}", and WebSocket was asked for`;
  const options = listOf(headers, "connection").map((option) => option.toLowerCase());
  if (!options.includes("upgrade")) return "its 101 has no connection: upgrade";
  const accepts = valuesOf(headers, "sec-websocket-accept");
  const due = createHash("sha1").update(`${ask.key}${guid}`).digest("base64");
  if (accepts.join() !== due) return "its sec-websocket-accept does not answer the key";
  const protocols = valuesOf(headers, "sec-websocket-protocol");
  if (protocols.length > 1 || protocols.some((protocol) => !ask.protocols.includes(protocol)))
    return `it chose the protocol "${protocols.join()}", which nobody asked for`;
  const extension = extensionsOf(headers).find((name) => !ask.extensions.includes(name));
  if (extension !== undefined)
    return `it uses the extension "${extension}", which nobody asked for`;
  // RFC 9110, sections 6.4.1 and 8.6: a 101 has no content, and the other protocol begins right behind it.
  const hasLength = headers.some(
    ([name]) => name === "content-length" || name === "transfer-encoding",
  );
  return hasLength ? "its 101 states the length of a body" : undefined;
}

function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter(([field]) => field === name).map(([, value]) => value);
}

function listOf(headers: HeaderList, name: string): string[] {
  return valuesOf(headers, name)
    .flatMap((value) => value.split(","))
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** A comma within a quoted parameter makes a name that nobody offered: refused, which is safe. */
function extensionsOf(headers: HeaderList): string[] {
  return listOf(headers, "sec-websocket-extensions").map(
    (extension) => extension.split(";")[0]?.trim().toLowerCase() ?? "",
  );
}
