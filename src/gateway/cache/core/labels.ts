/** By which names a stored answer can be purged. */
import type { HeaderList } from "../../../http/index.ts";
import { fieldOf } from "./fields.ts";

/** The field by which an origin names what an answer is made from, as with Fastly; clients do not get it. */
export const surrogateKey = "surrogate-key";

/** More keys than this of one answer are left out: then its lifetime is what bounds it. */
const keysMax = 64;

/** The label of every answer of a URL. */
export function urlLabel(host: string, target: string): string {
  return `url ${host.toLowerCase()}${target}`;
}

/** The label of every answer with a surrogate key. */
export function keyLabel(key: string): string {
  return `key ${key}`;
}

/** The labels that an answer asks for by its surrogate keys; undefined if it says nothing of them. */
export function keyLabels(headers: HeaderList): readonly string[] | undefined {
  const keys = fieldOf(headers, surrogateKey)?.split(/[ ,]+/).filter(Boolean);
  return keys?.slice(0, keysMax).map(keyLabel);
}
