import { asError } from "../../kit/index.ts";
import type { Problem } from "./problems.ts";

/** An `.env` file that was read. */
export interface EnvFile {
  /** `.env`, `.env.production`. */
  readonly name: string;
  readonly values: Readonly<Record<string, string | undefined>>;
  /** On which line each name has its value. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Where a service's declared keys may come from, apart from their schemas' defaults. */
export interface ServiceEnvSources {
  /** Values the platform itself gives; nothing overrides them. `DURE_DATA`: the data folder, absolute. */
  readonly builtIn: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `.env.<profile>`; empty without a profile. */
  readonly profileFile: EnvFile;
  readonly file: EnvFile;
  /** `env.<service>` of the configuration. */
  readonly config: Readonly<Record<string, string>>;
  /** Reads the file that a `KEY_FILE` variable names. */
  readFile(path: string): string;
}

/** What one service gets, and from where. Keys found nowhere are absent: their schemas decide. */
export interface ServiceEnv {
  readonly values: Readonly<Record<string, string>>;
  /** By key: the name of a variable, `.env:3`, or `configuration`. */
  readonly origins: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

/**
 * Finds the declared keys, and nothing else. First wins: built in, `PRODUCTS__KEY`, `KEY`, `KEY_FILE`,
 * `.env.<profile>`, `.env`, configuration.
 */
export function resolveServiceEnv(
  service: string,
  keys: readonly string[],
  sources: ServiceEnvSources,
): ServiceEnv {
  const values: Record<string, string> = {};
  const origins: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const key of keys) {
    const found = find(service, key, sources);
    if (!found) continue;
    if ("problem" in found) {
      problems.push(found.problem);
    } else {
      values[key] = found.value;
      origins[key] = found.origin;
    }
  }
  return { values, origins, problems };
}

/** `products` -> `PRODUCTS__`: the prefix that gives a key to one service only. */
export function servicePrefix(service: string): string {
  return `${service.toUpperCase().replace(/[^A-Z0-9]/g, "_")}__`;
}

type Found = { value: string; origin: string } | { problem: Problem } | undefined;

function find(service: string, key: string, sources: ServiceEnvSources): Found {
  const { builtIn, environment, profileFile, file, config } = sources;
  const ownKey = servicePrefix(service) + key;
  const candidates: [string | undefined, string][] = [
    [own(builtIn, key), "built in"],
    [own(environment, ownKey), ownKey],
    [own(environment, key), key],
  ];
  const early = candidates.find(([value]) => value !== undefined);
  if (early) return { value: early[0] as string, origin: early[1] };

  const path = own(environment, `${key}_FILE`);
  if (path !== undefined) return readKeyFile(key, path, sources);

  const late: [string | undefined, string][] = [
    ...[profileFile, file].flatMap(({ name, values, lines }) =>
      [ownKey, key].map((each): [string | undefined, string] => {
        const line = lines.get(each);
        return [own(values, each), line === undefined ? name : `${name}:${line}`];
      }),
    ),
    [own(config, key), "configuration"],
  ];
  const found = late.find(([value]) => value !== undefined);
  return found && { value: found[0] as string, origin: found[1] };
}

function readKeyFile(key: string, path: string, sources: ServiceEnvSources): Found {
  try {
    // Editors and `echo` end a file with a line break that is no part of the secret.
    return { value: sources.readFile(path).replace(/\r?\n$/, ""), origin: `${key}_FILE` };
  } catch (thrown) {
    const message = `is "${path}", which cannot be read: ${asError(thrown).message}`;
    return { problem: { path: `${key}_FILE`, message, at: "the environment" } };
  }
}

/** A key named `constructor` must not find what every object has. */
function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
