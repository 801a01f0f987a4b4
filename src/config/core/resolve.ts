import { didYouMean, type HostPort, parseHostPort } from "../../kit/index.ts";
import type { GatewaySection } from "../gateway-section.ts";
import type {
  ConsoleSection,
  DureConfig,
  EventsSection,
  InstanceRange,
  ProcessOptions,
  ProfileOptions,
  ServiceLoader,
  SidecarSection,
  TracesSection,
} from "../options.ts";
import { checkConfig } from "./check.ts";
import { placeOf } from "./place-of.ts";
import { hintFor, type Problem, problemsError } from "./problems.ts";
import { flagKey, settings } from "./settings.ts";

/** Everything that says how the platform should run. */
export interface ConfigSources {
  /** The default export of the configuration file, unchecked. */
  readonly config: unknown;
  /** What the file is called in messages. */
  readonly fileName: string;
  /** Its text, for the lines of what is wrong. Default: problems are told without lines. */
  readonly source?: string | undefined;
  /** The chosen profile, if any. */
  readonly profile: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flags of the command, by commander's key (`distributorPort`); other keys are ignored. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** What `instances: "max"` means here. Default 1. */
  readonly coreCount?: number;
}

/** A kind of process, with nothing left open. */
export interface ResolvedProcess {
  readonly name: string;
  readonly services: readonly string[];
  /** To begin with. */
  readonly instances: number;
  /** Where the number follows the requests at work. */
  readonly range?: Required<InstanceRange>;
  readonly reload: "overlap" | "replace";
  readonly drainMs: number;
  /** Undefined: no limit. */
  readonly memoryMbMax?: number;
  /** The program it runs instead of services. */
  readonly sidecar?: SidecarSection;
}

/** A checked configuration: profile, environment and flags applied, defaults filled in. */
export interface ResolvedConfig {
  readonly name: string;
  readonly profile: string | undefined;
  readonly services: Readonly<Record<string, ServiceLoader>>;
  readonly processes: readonly ResolvedProcess[];
  readonly env: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly gateway: GatewaySection & {
    readonly port: number;
    readonly host: string;
    readonly instances: number;
  };
  readonly distributor: { readonly port: number };
  /** Empty: run one here. */
  readonly distributors: readonly HostPort[];
  readonly calls: NonNullable<ProfileOptions["calls"]>;
  /** Undefined: none is run. */
  readonly events: EventsSection | undefined;
  readonly contracts: ProfileOptions["contracts"];
  readonly zone: string | undefined;
  readonly host: string;
  readonly tokenFile: string | undefined;
  readonly certs: string | undefined;
  readonly principals: readonly string[] | undefined;
  readonly metrics: NonNullable<ProfileOptions["metrics"]>;
  readonly traces: TracesSection;
  readonly console: ConsoleSection & {
    readonly enabled: boolean;
    readonly port: number;
    readonly host: string;
  };
  readonly logFiles: { readonly fileMb: number; readonly keptFiles: number };
  readonly logLevel: NonNullable<NonNullable<ProfileOptions["logs"]>["level"]>;
  /** Where each changed option came from: `gateway.port` -> `PORT`. What is not listed has its default. */
  readonly origins: ReadonlyMap<string, string>;
}

const drainMsDefault = 10_000;
const concurrencyDefault = 20;

/** Applies flag > environment > profile > file > default. Throws INVALID_ARGUMENT that lists every problem at once. */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  const written = withoutUndefined(sources.config);
  const fileProblems = checkConfig(written);
  const overrides = readOverrides(sources);
  const config = (fileProblems.length === 0 ? written : { name: "", services: {} }) as DureConfig;
  const profileProblems = fileProblems.length === 0 ? checkProfile(sources.profile, config) : [];
  const located = [...fileProblems, ...profileProblems].map((found) => withPlace(found, sources));
  const problems = [...located, ...overrides.problems];
  const failure = problemsError(sources.fileName, problems);
  if (failure) throw failure;

  const origins = new Map<string, string>();
  const { profiles = {}, ...base } = config;
  const profile = sources.profile === undefined ? {} : (profiles[sources.profile] ?? {});
  noteOrigins(base, "", sources.fileName, origins);
  noteOrigins(profile, "", `profile ${sources.profile}`, origins);
  let merged = merge(base, profile);
  for (const { path, value, origin } of overrides.found) {
    merged = setAt(merged, path.split("."), value);
    origins.set(path, origin);
  }
  return withDefaults(merged as unknown as DureConfig, sources, origins);
}

interface Override {
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
}

function readOverrides({ environment, flags }: ConfigSources): {
  found: Override[];
  problems: Problem[];
} {
  const found: Override[] = [];
  const problems: Problem[] = [];
  for (const { path, variable, flag, read } of settings) {
    const flagValue = flag ? flags[flagKey(flag)] : undefined;
    const text = flagValue ?? environment[variable];
    if (typeof text !== "string") continue;
    const origin = flagValue === undefined ? variable : (flag?.split(" ")[0] ?? "");
    const outcome = read(text);
    if ("value" in outcome) found.push({ path, value: outcome.value, origin });
    else {
      const at = flagValue === undefined ? "the environment" : "the command line";
      problems.push({ path: origin, message: `is "${text}"; it must be ${outcome.mustBe}`, at });
    }
  }
  return { found, problems };
}

/** What a problem says in parentheses behind its path is for people. */
function withPlace(problem: Problem, { source, fileName }: ConfigSources): Problem {
  const [path = ""] = problem.path.split(" (");
  const place = source === undefined ? undefined : placeOf(source, path);
  return place ? { ...problem, at: `${fileName}:${place.line}:${place.column}` } : problem;
}

function checkProfile(profile: string | undefined, config: DureConfig): Problem[] {
  const known = Object.keys(config.profiles ?? {});
  if (profile === undefined || known.includes(profile)) return [];
  const message = `has no profile "${profile}"${hintFor(didYouMean(profile, known), known)}`;
  return [{ path: "profiles", message }];
}

type Tree = { readonly [key: string]: unknown };

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Objects are merged key by key; anything else, lists included, replaces what was there. */
function merge(base: Tree | object, over: Tree | object): Tree {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const former = merged[key];
    merged[key] = isTree(former) && isTree(value) ? merge(former, value) : value;
  }
  return merged;
}

/** `host: undefined` means that it is not set. */
function withoutUndefined(value: unknown): unknown {
  if (!isTree(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutUndefined(inner)]));
}

function setAt(tree: Tree, [key = "", ...rest]: string[], value: unknown): Tree {
  if (rest.length === 0) return { ...tree, [key]: value };
  const former = tree[key];
  return { ...tree, [key]: setAt(isTree(former) ? former : {}, rest, value) };
}

function noteOrigins(
  value: unknown,
  path: string,
  origin: string,
  origins: Map<string, string>,
): void {
  if (!isTree(value)) {
    origins.set(path, origin);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    noteOrigins(inner, path ? `${path}.${key}` : key, origin, origins);
  }
}

function withDefaults(
  config: DureConfig,
  { profile, coreCount = 1 }: ConfigSources,
  origins: ReadonlyMap<string, string>,
): ResolvedConfig {
  const host = config.host ?? "127.0.0.1";
  return {
    name: config.name,
    profile,
    services: config.services,
    processes: resolveProcesses(config, coreCount),
    env: config.env ?? {},
    gateway: {
      ...config.gateway,
      port: config.gateway?.port ?? 8_080,
      host: config.gateway?.host ?? host,
      instances: countOf(config.gateway?.instances, coreCount),
    },
    distributor: { port: config.distributor?.port ?? 9_100 },
    distributors: (config.distributors ?? []).flatMap((text) => parseHostPort(text) ?? []),
    calls: config.calls ?? {},
    events: config.events,
    contracts: config.contracts,
    zone: config.zone,
    host,
    tokenFile: config.security?.tokenFile,
    certs: config.security?.certs,
    principals: config.security?.principals,
    metrics: config.metrics ?? {},
    traces: config.traces ?? {},
    console: {
      ...config.console,
      enabled: config.console?.enabled ?? true,
      port: config.console?.port ?? 9_180,
      host: config.console?.host ?? "127.0.0.1",
    },
    logFiles: { fileMb: config.logs?.fileMb ?? 10, keptFiles: config.logs?.keptFiles ?? 4 },
    logLevel: config.logs?.level ?? "info",
    origins,
  };
}

function countOf(instances: number | "max" | undefined, coreCount: number): number {
  return instances === "max" ? coreCount : (instances ?? 1);
}

function instancesOf(
  instances: ProcessOptions["instances"],
  coreCount: number,
): Pick<ResolvedProcess, "instances" | "range"> {
  if (typeof instances !== "object") {
    return { instances: countOf(instances, coreCount) };
  }
  const { min, max, concurrency = concurrencyDefault } = instances;
  return { instances: min, range: { min, max, concurrency } };
}

/** The named processes in their order, then one for each service that none of them hosts. */
function resolveProcesses(config: DureConfig, coreCount: number): ResolvedProcess[] {
  const named = Object.entries(config.processes ?? {}).map(([name, options]) => ({
    name,
    services: options.sidecar ? [] : (options.services ?? [name]),
    ...instancesOf(options.instances, coreCount),
    reload: options.reload ?? "overlap",
    drainMs: options.drainMs ?? drainMsDefault,
    ...(options.memoryMbMax === undefined ? {} : { memoryMbMax: options.memoryMbMax }),
    ...(options.sidecar ? { sidecar: options.sidecar } : {}),
  }));
  const hosted = new Set(named.flatMap(({ services }) => services));
  const alone = Object.keys(config.services)
    .filter((service) => !hosted.has(service))
    .map((service) => ({
      name: service,
      services: [service],
      instances: 1,
      reload: "overlap" as const,
      drainMs: drainMsDefault,
    }));
  return [...named, ...alone];
}
