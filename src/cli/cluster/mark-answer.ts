import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { CloneSpec } from "./messages.ts";

type Cookie = NonNullable<CloneSpec["cookie"]>;

/**
 * Adds a cookie to an answer when its head is written, whatever way the program writes it. An answer that any cache may keep is left
 * as it is: a cache would give the cookie to everybody, and with it everybody to one clone.
 */
export function markAnswer(response: ServerResponse, { name, value }: Cookie): void {
  const writeHead = response.writeHead;
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const reason = typeof rest[0] === "string" ? rest[0] : undefined;
    const given = rest.find((part) => typeof part === "object" && part !== null);
    for (const [key, values] of fieldsOf(given as GivenHeaders)) response.setHeader(key, values);
    if (!isForEverybody(response))
      response.appendHeader("set-cookie", `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`);
    response.writeHead = writeHead;
    return reason === undefined ? response.writeHead(status) : response.writeHead(status, reason);
  };
}

type GivenHeaders = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined;

/** The three forms that `writeHead` takes: an object, names and values in turn, or pairs. Those of one name together. */
function fieldsOf(given: GivenHeaders): Map<string, string | number | readonly string[]> {
  const fields = new Map<string, string | number | readonly string[]>();
  if (!Array.isArray(given)) {
    for (const [key, value] of Object.entries(given ?? {}))
      if (value !== undefined) fields.set(key, value);
    return fields;
  }
  const flat = given.flat() as (string | number)[];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const key = String(flat[at]);
    const former = fields.get(key);
    const value = String(flat[at + 1]);
    fields.set(key, former === undefined ? value : [former, value].flat().map(String));
  }
  return fields;
}

function isForEverybody(response: ServerResponse): boolean {
  return /\b(public|s-maxage)\b/i.test(String(response.getHeader("cache-control") ?? ""));
}
