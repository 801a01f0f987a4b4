/** What a contract says of cached answers: how long they hold, and what purges them. */
import { DureError } from "../kit/index.ts";
import type { JsonSchema } from "./description.ts";
import type { OperationCacheOptions, OperationKind, OperationOptions } from "./operation.ts";
import { jsonSchemaOf } from "./schema.ts";
import { itemSchema } from "./stream.ts";

/** The cache of an operation. Throws INVALID_ARGUMENT for what would mix principals, is for no GET, or names what is not there. */
export function checkedCache(
  { cache, http, auth, input }: OperationOptions,
  { kind, where }: { readonly kind: OperationKind; readonly where: string },
): OperationCacheOptions {
  const problem =
    kind !== "call" || !http?.startsWith("GET ")
      ? "is for GET operations with one answer"
      : auth !== "public" && cache?.by !== "principal"
        ? 'would give the answers of one principal to others; say by: "principal", or auth: "public"'
        : undefined;
  if (!cache || problem) throw new DureError("INVALID_ARGUMENT", `${where}: cache ${problem}`);
  for (const name of ["maxAgeS", "staleWhileRevalidateS", "staleIfErrorS"] as const) {
    const value = cache[name] ?? 0;
    if (!Number.isInteger(value) || value < 0)
      throw new DureError(
        "INVALID_ARGUMENT",
        `${where}: cache.${name} is ${value}; use whole seconds, 0 or more`,
      );
  }
  if (cache.tags)
    checkTags(cache.tags, input ? jsonSchemaOf(itemSchema(input), "input", where) : {}, where);
  return cache;
}

const tagPattern = /^(?:[\w.:/-]|\{[A-Za-z]\w*\})+$/;
const tagField = /\{(\w+)\}/g;

/** Throws INVALID_ARGUMENT for a tag that names no field of the schema. */
export function checkTags(tags: readonly string[], schema: JsonSchema, where: string): void {
  const fields = Object.keys((schema.properties ?? {}) as object);
  for (const tag of tags) {
    if (!tagPattern.test(tag)) {
      const message = `${where}: "${tag}" is not a tag, such as "products" or "product:{id}"`;
      throw new DureError("INVALID_ARGUMENT", message);
    }
    const missing = [...tag.matchAll(tagField)].find(([, name]) => !fields.includes(name ?? ""));
    if (missing) {
      const message = `${where}: the tag "${tag}" names ${missing[1]}, which is no field there`;
      throw new DureError("INVALID_ARGUMENT", message);
    }
  }
}

/** The tags with values in the place of their fields; one whose field is not given is left out. */
export function filledTags(
  tags: readonly string[],
  values: Readonly<Record<string, unknown>>,
): readonly string[] {
  return tags.flatMap((tag) => {
    let isWhole = true;
    const filled = tag.replace(tagField, (_, name: string) => {
      const value = values[name];
      if (typeof value !== "string" && typeof value !== "number") isWhole = false;
      return encodeURIComponent(String(value));
    });
    return isWhole ? [filled] : [];
  });
}
