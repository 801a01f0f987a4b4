/** One range out of a complete answer (RFC 9110, section 14). */
import type { HeaderList } from "../../../http/index.ts";
import { fieldOf } from "./fields.ts";

/** The part that is asked for: first and last byte; `whole` where the range is to be ignored; undefined where it has no byte. */
export type Range = { readonly first: number; readonly last: number } | "whole" | undefined;

const single = /^bytes=[\t ]*(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))[\t ]*$/i;

/** Reads `Range`. Several ranges are ignored, as a server may: nobody should have to build multipart bodies for an attacker. */
export function rangeOf(request: HeaderList, stored: HeaderList, bytes: number): Range {
  const field = fieldOf(request, "range");
  if (field === undefined || !isOfThis(fieldOf(request, "if-range"), stored)) return "whole";
  const [, from, to, suffix] = single.exec(field) ?? [];
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), bytes);
    return length === 0 ? undefined : { first: bytes - length, last: bytes - 1 };
  }
  if (from === undefined) return "whole";
  const first = Number(from);
  const last = Math.min(to === undefined ? bytes - 1 : Number(to), bytes - 1);
  if (to !== undefined && Number(to) < first) return "whole";
  return first >= bytes ? undefined : { first, last };
}

/** `If-Range` compares strongly: a part is only of use beside parts of exactly the same bytes (RFC 9110, section 13.1.5). */
function isOfThis(ifRange: string | undefined, stored: HeaderList): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === fieldOf(stored, "etag");
  return !ifRange.startsWith("W/") && ifRange === fieldOf(stored, "last-modified");
}
