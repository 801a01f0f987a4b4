/** What the fields of a head mean together: which host, how long the body is, whether the connection stays (RFC 9112, 3.2, 6 and 9). */
import { parseTarget, type Target } from "../../../http/index.ts";
import type { HeadRefusal } from "./head-piece.ts";
import type { ParsedHead } from "./parsed-head.ts";

/** How many bytes the body has, or that it comes in chunks. */
export type BodyLength = number | "chunked";

/** A head that can be understood in one way only. */
export interface SoundHead {
  /** The target; `*` only with OPTIONS. */
  readonly target: Target | "*";
  readonly host: string;
  readonly bodyLength: BodyLength;
  /** Whether the client would send more requests on this connection. */
  readonly isPersistent: boolean;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

/** The fields that are judged; undefined where they are missing. */
interface Fields {
  host?: string;
  expect?: string;
  connection?: string;
  "content-type"?: string;
  authorization?: string;
  "content-length"?: string;
  "transfer-encoding"?: string;
}
type FieldName = keyof Fields;

/** By length, to be quick: those of another length are not looked at. */
const judged: readonly (FieldName | undefined)[] = Array.from({ length: 32 }, (_, length) =>
  (
    [
      "host",
      "expect",
      "connection",
      "content-type",
      "authorization",
      "content-length",
      "transfer-encoding",
    ] as const
  ).find((name) => name.length === length),
);
/** Fields whose value is a list, so that two of them are one list. */
const lists: readonly FieldName[] = ["connection", "expect"];

/** With a port up to 65,535, if there is one. */
const hostPattern =
  /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?:\d{1,4}|[0-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]))?$/;
/** Fifteen digits are exact as a number and more than any body has. */
const lengthPattern = /^\d{1,15}$/;

/** Judges a head. */
export function judgeHead(head: ParsedHead): SoundHead | HeadRefusal {
  const fields = fieldsOf(head);
  if (typeof fields === "string") return refuse(`the request has more than one ${fields} header`);
  const bodyLength = bodyLengthOf(fields, head.minorVersion);
  if (typeof bodyLength === "object") return bodyLength;
  const { expect } = fields;
  // RFC 9110, section 10.1.1: nobody who speaks HTTP/1.0 can mean it.
  if (expect !== undefined && expect.toLowerCase() !== "100-continue" && head.minorVersion === 1)
    return { status: 417, detail: "the one expectation that can be met is 100-continue" };
  const target = targetOf(head);
  if (target !== "*" && "status" in target) return target;
  const host = hostOf(fields.host, target === "*" ? undefined : target.authority, head);
  if (typeof host === "object") return host;
  return {
    target,
    host,
    bodyLength,
    isPersistent: isPersistent(fields.connection, head.minorVersion),
    expectsContinue: expect !== undefined && head.minorVersion === 1 && bodyLength !== 0,
  };
}

/** The judged fields, or the name of one that comes twice and may not. */
function fieldsOf(head: ParsedHead): Fields | FieldName {
  const fields: Fields = {};
  for (let index = 0; index < head.fieldCount; index += 1) {
    const name = judged[head.nameLength(index)];
    if (name === undefined || !head.isNamed(index, name)) continue;
    const former = fields[name];
    // Even two equal lengths are refused: whoever wrote the second one did not look at the first.
    if (former !== undefined && !lists.includes(name)) return name;
    const value = head.value(index);
    fields[name] = former === undefined ? value : `${former}, ${value}`;
  }
  return fields;
}

function bodyLengthOf(fields: Fields, minorVersion: 0 | 1): BodyLength | HeadRefusal {
  const length = fields["content-length"];
  const encoding = fields["transfer-encoding"];
  if (encoding !== undefined) {
    if (length !== undefined)
      return refuse("the request has both a content-length and a transfer-encoding");
    // RFC 9112, section 6.1: a sender of HTTP/1.0 does not know chunks, so the framing is faulty.
    if (minorVersion === 0) return refuse("HTTP/1.0 has no transfer-encoding");
    if (encoding.toLowerCase() !== "chunked")
      return refuse(`transfer-encoding "${encoding}" is not supported; only chunked is`);
    return "chunked";
  }
  if (length === undefined) return 0;
  if (!lengthPattern.test(length)) return refuse(`content-length "${length}" is not a number`);
  return Number(length);
}

function targetOf({ method, target }: ParsedHead): Target | "*" | HeadRefusal {
  if (method === "CONNECT") return refuse("this is not a proxy: it takes no CONNECT");
  if (target === "*" && method === "OPTIONS") return target;
  return parseTarget(target);
}

/** The host that is asked. An absolute target must agree with the field, or two readers would send it to different hosts. */
function hostOf(
  field: string | undefined,
  authority: string | undefined,
  { minorVersion }: ParsedHead,
): string | HeadRefusal {
  if (field === undefined && minorVersion === 1)
    return refuse("the request needs exactly one valid Host header");
  const host = field ?? authority ?? "localhost";
  if (!hostPattern.test(host)) return refuse("the request needs exactly one valid Host header");
  if (authority !== undefined && authority.toLowerCase() !== host.toLowerCase())
    return refuse("the request target and the Host header name different hosts");
  return host;
}

function isPersistent(connection: string | undefined, minorVersion: 0 | 1): boolean {
  if (connection === undefined) return minorVersion === 1;
  const options = connection
    .toLowerCase()
    .split(",")
    .map((option) => option.trim());
  if (options.includes("close")) return false;
  return minorVersion === 1 || options.includes("keep-alive");
}

function refuse(detail: string): HeadRefusal {
  return { status: 400, detail };
}
