import type { z } from "zod";
import type { RouteSection } from "../../gateway/index.ts";
import { didYouMean } from "../../kit/index.ts";
import type { GatewaySection } from "../gateway-section.ts";
import type { DureConfig } from "../options.ts";
import { hintFor, type Problem } from "./problems.ts";
import { configSchema, reservedProcessNames } from "./schema.ts";

/** Everything that is wrong with the text of a configuration, profiles included; empty if it can be used. */
export function checkConfig(value: unknown): readonly Problem[] {
  const parsed = configSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) return parsed.error.issues.flatMap(problemsOf);
  return crossCheck(value as DureConfig);
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(path);
    return issue.keys.map((key) => ({
      path: [...path, key].join("."),
      message: `is not an option${hintFor(didYouMean(key, known), known)}`,
    }));
  }
  const where = path.join(".") || "the default export";
  const written = describe(issue.input);
  if (issue.code === "invalid_key") {
    const reason = issue.issues[0]?.message ?? "is not a valid key";
    return [{ path: where, message: `is not a valid name: it ${reason}` }];
  }
  if (written === undefined) return [{ path: where, message: `is missing; ${lower(issue)}` }];
  return [{ path: where, message: `is ${written}; it ${lower(issue)}` }];
}

/** Zod's sentence as the end of ours. */
function lower(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${issue.expected === "int" ? "a whole number" : article(issue.expected)}`;
    case "too_small":
      return `must be at least ${issue.minimum}${issue.origin === "array" ? " long" : ""}`;
    case "too_big":
      return `must be at most ${issue.maximum}${issue.origin === "array" ? " long" : ""}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "invalid_union":
      return issue.message.startsWith("must") ? issue.message : "has none of the allowed forms";
    default:
      return issue.message.startsWith("must") ? issue.message : `is refused: ${issue.message}`;
  }
}

function article(noun: string): string {
  return /^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function describe(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The option names that the schema knows at a path of the configuration. */
function keysAt(path: readonly string[]): string[] {
  let schema: any = configSchema;
  for (const key of path) {
    schema = inner(schema);
    schema = schema.shape?.[key] ?? schema.def?.valueType ?? schema.element;
    if (!schema) return [];
  }
  return Object.keys(inner(schema).shape ?? {});
}

function inner(schema: any): any {
  return schema?.def?.innerType ? inner(schema.def.innerType) : schema;
}

function serviceOf(operation: string): string {
  return operation.split(".")[0] ?? "";
}

/** The operations that limits name, with the number of the limit. */
function limitedOperations({ rateLimits = [] }: GatewaySection = {}) {
  return rateLimits.flatMap(({ operations = [] }, index) =>
    operations.map((operation) => ({ index, operation })),
  );
}

/** What the schema cannot see: names that must exist elsewhere in the file. */
function crossCheck(config: DureConfig): Problem[] {
  const problems: Problem[] = [];
  const services = Object.keys(config.services);
  const needService = (path: string, name: string) => {
    if (services.includes(name)) return;
    const message = `names no service of this project${hintFor(didYouMean(name, services), services)}`;
    problems.push({ path, message });
  };
  const sections = [
    { prefix: "", section: config },
    ...Object.entries(config.profiles ?? {}).map(([name, section]) => ({
      prefix: `profiles.${name}.`,
      section,
    })),
  ];
  const processes = sections.flatMap(({ section }) => Object.entries(section.processes ?? {}));
  const sidecars = new Set(processes.flatMap(([name, { sidecar }]) => (sidecar ? [name] : [])));
  for (const { prefix, section } of sections) {
    for (const [name, process] of Object.entries(section.processes ?? {})) {
      const path = `${prefix}processes.${name}`;
      if (reservedProcessNames.includes(name)) {
        problems.push({ path, message: "has the name of one of Dure's own processes; rename it" });
      } else if (process.sidecar) {
        const isTaken = services.includes(name) || process.services !== undefined;
        const message = "is a sidecar, so it has a name of its own and hosts no services";
        if (isTaken) problems.push({ path, message });
        if (process.memoryMbMax !== undefined) {
          const reason = "cannot be set for a sidecar: its program is not measured";
          problems.push({ path: `${path}.memoryMbMax`, message: reason });
        }
      } else if (process.services) {
        process.services.forEach((service, index) => {
          needService(`${path}.services.${index} ("${service}")`, service);
        });
      } else if (!config.processes?.[name]?.services) {
        needService(path, name);
      }
    }
    for (const { index, operation } of limitedOperations(section.gateway)) {
      if (operation.startsWith("/") || sidecars.has(serviceOf(operation))) continue;
      needService(
        `${prefix}gateway.rateLimits.${index}.operations ("${operation}")`,
        serviceOf(operation),
      );
    }
    problems.push(...twiceClaimed(section.gateway?.routes ?? [], `${prefix}gateway.routes`));
    for (const name of Object.keys(section.env ?? {})) needService(`${prefix}env.${name}`, name);
    for (const name of Object.keys(section.calls?.services ?? {})) {
      needService(`${prefix}calls.services.${name}`, name);
    }
  }
  for (const name of services.filter((name) => reservedProcessNames.includes(name))) {
    problems.push({
      path: `services.${name}`,
      message: "has the name of one of Dure's own processes; rename it",
    });
  }
  return problems;
}

/** Routes that no request could tell apart. */
function twiceClaimed(routes: readonly RouteSection[], path: string): Problem[] {
  const claims = new Map<string, number>();
  return routes.flatMap((route, index) => {
    const headers = Object.entries(route.headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]);
    const shape = route.path.replace(/:[^/]+/g, ":");
    const isOfOperations = route.upstream === undefined;
    const host = route.host?.toLowerCase() ?? "";
    const claim = JSON.stringify([isOfOperations, shape, host, headers.sort()]);
    const first = claims.get(claim);
    claims.set(claim, first ?? index);
    if (first === undefined) return [];
    const message = `takes the same requests as ${path}.${first}; leave one, or give one a host or headers`;
    return [{ path: `${path}.${index} ("${route.path}")`, message }];
  });
}
