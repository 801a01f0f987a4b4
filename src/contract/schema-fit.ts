import type { JsonSchema } from "./description.ts";

/** Which way a value goes: a callee refuses unknown fields of an input, a caller does not look at those of an output. */
export type Direction = "input" | "output";

interface Fit {
  readonly direction: Direction;
  readonly wideRoot: JsonSchema;
  readonly narrowRoot: JsonSchema;
  readonly problems: string[];
}

const bounds: readonly (readonly [keyword: string, isLower: boolean])[] = [
  ["minimum", true],
  ["exclusiveMinimum", true],
  ["minLength", true],
  ["minItems", true],
  ["maximum", false],
  ["exclusiveMaximum", false],
  ["maxLength", false],
  ["maxItems", false],
];
const exact = ["pattern", "format", "multipleOf"] as const;

/**
 * Why some values of `narrow` are none of `wide`, by path; nothing if they all are. What the two schemas say in keywords that are
 * not looked at here counts as fitting: a call that is refused by its callee's validation does less harm than one that is not made.
 */
export function misfits(wide: JsonSchema, narrow: JsonSchema, direction: Direction): string[] {
  const fit: Fit = { direction, wideRoot: wide, narrowRoot: narrow, problems: [] };
  compare(wide, narrow, "", fit);
  return fit.problems;
}

function compare(givenWide: JsonSchema, givenNarrow: JsonSchema, path: string, fit: Fit): void {
  const wide = resolve(givenWide, fit.wideRoot);
  const narrow = resolve(givenNarrow, fit.narrowRoot);
  const narrowForms = formsOf(narrow);
  if (narrowForms) {
    for (const form of narrowForms) compare(wide, form, path, fit);
    return;
  }
  const wideForms = formsOf(wide);
  if (wideForms) {
    const fitsOne = wideForms.some((form) => {
      const trial: Fit = { ...fit, problems: [] };
      compare(form, narrow, path, trial);
      return trial.problems.length === 0;
    });
    if (!fitsOne) report(fit, path, "fits none of the forms that are taken");
    return;
  }
  compareTypes(wide, narrow, path, fit);
  compareBounds(wide, narrow, path, fit);
  compareObjects(wide, narrow, path, fit);
  if (isSchema(wide.items) && isSchema(narrow.items))
    compare(wide.items, narrow.items, `${path}[]`, fit);
}

function compareTypes(wide: JsonSchema, narrow: JsonSchema, path: string, fit: Fit): void {
  const wideValues = valuesOf(wide);
  const narrowValues = valuesOf(narrow);
  if (wideValues) {
    const strangers = narrowValues?.filter((value) => !wideValues.includes(value));
    if (!narrowValues) report(fit, path, `may be anything, not only ${wideValues.join(", ")}`);
    else if (strangers && strangers.length > 0)
      report(
        fit,
        path,
        `may be ${strangers.join(", ")}, which is not among ${wideValues.join(", ")}`,
      );
    return;
  }
  const wideTypes = typesOf(wide);
  const narrowTypes = typesOf(narrow);
  if (!wideTypes || !narrowTypes) return;
  const strangers = narrowTypes.filter(
    (type) => !wideTypes.includes(type) && !(type === "integer" && wideTypes.includes("number")),
  );
  if (strangers.length > 0)
    report(fit, path, `may be ${strangers.join(" or ")}, and only ${wideTypes.join(" or ")} fits`);
}

function compareBounds(wide: JsonSchema, narrow: JsonSchema, path: string, fit: Fit): void {
  for (const [keyword, isLower] of bounds) {
    const limit = wide[keyword];
    const given = narrow[keyword];
    // Every JSON number that is an integer at all is within these.
    if (typeof limit !== "number" || Math.abs(limit) >= Number.MAX_SAFE_INTEGER) continue;
    const isWithin = typeof given === "number" && (isLower ? given >= limit : given <= limit);
    if (!isWithin)
      report(fit, path, `has ${keyword} ${given ?? "unlimited"}, and ${limit} is the limit`);
  }
  for (const keyword of exact) {
    if (wide[keyword] !== undefined && wide[keyword] !== narrow[keyword])
      report(fit, path, `must have ${keyword} ${String(wide[keyword])}`);
  }
}

function compareObjects(wide: JsonSchema, narrow: JsonSchema, path: string, fit: Fit): void {
  const wideProperties = (wide.properties ?? {}) as Record<string, JsonSchema>;
  const narrowProperties = (narrow.properties ?? {}) as Record<string, JsonSchema>;
  const narrowRequired = (narrow.required ?? []) as readonly string[];
  for (const name of (wide.required ?? []) as readonly string[])
    if (!narrowRequired.includes(name))
      report(fit, join(path, name), "is required and may be missing");
  for (const [name, property] of Object.entries(narrowProperties)) {
    const counterpart = wideProperties[name];
    if (counterpart) compare(counterpart, property, join(path, name), fit);
    else if (fit.direction === "input" && wide.additionalProperties === false)
      report(fit, join(path, name), "is not taken");
  }
}

function report(fit: Fit, path: string, problem: string): void {
  fit.problems.push(path === "" ? problem : `${path} ${problem}`);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function formsOf(schema: JsonSchema): readonly JsonSchema[] | undefined {
  return (schema.anyOf ?? schema.oneOf) as readonly JsonSchema[] | undefined;
}

/** The values that are listed one by one, as JSON text. */
function valuesOf(schema: JsonSchema): readonly string[] | undefined {
  if ("const" in schema) return [JSON.stringify(schema.const)];
  return (schema.enum as readonly unknown[] | undefined)?.map((value) => JSON.stringify(value));
}

function typesOf({ type }: JsonSchema): readonly string[] | undefined {
  if (type === undefined) return undefined;
  return Array.isArray(type) ? type : [type as string];
}

/** Follows a reference within the document (`#/$defs/Product`). */
function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const { $ref } = schema;
  if (typeof $ref !== "string" || !$ref.startsWith("#/")) return schema;
  let found: unknown = root;
  for (const step of $ref.slice(2).split("/")) found = (found as JsonSchema | undefined)?.[step];
  // What refers to itself is the same on both sides, or differs where it is first met.
  return isSchema(found) && found !== root ? { ...found, $ref: undefined } : {};
}
