/** Which processes a fleet has, and what each is told. Pure. */
import { dirname, resolve } from "node:path";
import type {
  EventsSection,
  HostPort,
  ResolvedConfig,
  ResolvedProcess,
  SidecarSection,
} from "../../config/index.ts";
import type { ReloadWay } from "../../supervisor/index.ts";
import type {
  ConsolePlace,
  DevSpec,
  EdgeSpec,
  EventLogPlace,
  HostSpec,
  SidecarSpec,
} from "../host/spec.ts";
import { type CertificateNeed, commandLineName } from "../transport.ts";
import { consolePlace } from "./console-place.ts";

/** What a plan is made from. */
export interface PlanInput {
  readonly config: ResolvedConfig;
  /** Absolute. */
  readonly configPath: string;
  /** Absolute. */
  readonly dataFolder: string;
  readonly token: string;
  /** Absolute; undefined where links are not encrypted. */
  readonly certs: string | undefined;
  /** The ports that were found free; they stay the same when a process is restarted. */
  readonly gatewayPort: number;
  /** `undefined` where the project joins Distributors that run elsewhere. */
  readonly distributorPort: number | undefined;
  /** `undefined` where no console is wanted. */
  readonly consolePort: number | undefined;
}

/** One process of a plan. */
export interface PlannedProcess {
  readonly spec: HostSpec;
  /** What all instances of it are called together. */
  readonly kind: string;
  /** Who is stopped first: 0. */
  readonly stopRank: number;
  /** Whether a reload that names nothing takes it in: it runs the project's own code, or its configuration. */
  readonly isReloaded: boolean;
  readonly reload: ReloadWay;
  /** How long its requests may take once it was asked to stop, in ms; undefined for the default. */
  readonly drainMs: number | undefined;
  /** In bytes; undefined where there is no limit. */
  readonly memoryBytesMax: number | undefined;
}

/** The edge first, so that no request comes in; then services; then the log; the registry last, so that leaving is heard. */
const stopRanks = {
  gateway: 0,
  dev: 0,
  console: 0,
  services: 1,
  sidecar: 1,
  eventlog: 2,
  distributor: 3,
} as const;

/** `dure up`: a Distributor, a gateway, and every instance. */
export function planUp(input: PlanInput): PlannedProcess[] {
  const own = input.config.processes.flatMap((process) =>
    Array.from({ length: process.instances }, (_, index) =>
      planInstance(input, process, index + 1),
    ),
  );
  return [...planEdges(input), ...own, ...planGateways(input)];
}

/** The process of a name, of any number; undefined where the configuration has none of that kind. */
export function planOne(input: PlanInput, name: string): PlannedProcess | undefined {
  const own = planEdges(input).find(({ spec }) => spec.name === name);
  if (own) return own;
  if (/^gateway(-\d+)?$/.test(name)) return planGateway(input, name);
  const [, kind, number] = /^(.+)-(\d+)$/.exec(name) ?? [];
  const process = input.config.processes.find((each) => each.name === kind);
  return process && planInstance(input, process, Number(number));
}

/** What is there before any instance. */
function planEdges(input: PlanInput): PlannedProcess[] {
  const { distributorPort } = input;
  const log = logPlace(input);
  const edges: HostSpec[] = [];
  if (distributorPort !== undefined) {
    edges.push({ ...common(input, "distributor"), role: "distributor", port: distributorPort });
  }
  if (log) edges.push({ ...node(input, "eventlog"), role: "eventlog", log });
  const place = placeOfConsole(input);
  if (place) edges.push({ ...node(input, "console"), role: "console", console: place });
  return edges.map(planEdge);
}

/** One is called `gateway`, several have numbers. */
function planGateways(input: PlanInput): PlannedProcess[] {
  const { instances } = input.config.gateway;
  return Array.from({ length: instances }, (_, index) =>
    planGateway(input, instances === 1 ? "gateway" : `gateway-${index + 1}`),
  );
}

function planGateway(input: PlanInput, name: string): PlannedProcess {
  const expects = [...Object.keys(input.config.services), ...(logPlace(input) ? ["eventlog"] : [])];
  const spec: HostSpec = { ...node(input, name), role: "gateway", ...edge(input), expects };
  return { ...planEdge(spec), kind: "gateway", isReloaded: true, reload: "overlap" };
}

/** The instance of a number, from 1. */
function planInstance(input: PlanInput, process: ResolvedProcess, number: number): PlannedProcess {
  const { name, services, sidecar, reload, drainMs, memoryMbMax } = process;
  const slot = `${name}-${number}`;
  const { configPath } = input;
  const spec: HostSpec = sidecar
    ? sidecarSpec(input, slot, sidecar, name)
    : { ...node(input, slot), role: "services", nodeName: name, configPath, services };
  return {
    spec,
    kind: name,
    stopRank: stopRanks[spec.role],
    isReloaded: true,
    reload,
    drainMs,
    memoryBytesMax: memoryMbMax === undefined ? undefined : memoryMbMax * 2 ** 20,
  };
}

/** A process of Dure's own that may run only once. */
function planEdge(spec: HostSpec): PlannedProcess {
  return {
    spec,
    kind: spec.name,
    stopRank: stopRanks[spec.role],
    isReloaded: false,
    reload: "replace",
    drainMs: undefined,
    memoryBytesMax: undefined,
  };
}

/** The processes of `dure up` that show certificates, and this command line. */
export function certificateNeeds({ config }: PlanInput): readonly CertificateNeed[] {
  const edges = [
    { name: "distributor", services: [] },
    // The name of what gateways host where they count together.
    { name: "gateway", services: ["ratelimits"] },
    ...(config.console.enabled ? [{ name: "console", services: [] }] : []),
    ...(config.events ? [{ name: "eventlog", services: ["eventlog"] }] : []),
    { name: commandLineName, services: [] },
  ];
  return [...edges, ...config.processes.map(({ name, services }) => ({ name, services }))];
}

/** `dure dev`: everything in one process. */
export function planDev(input: PlanInput): DevSpec {
  const { config, distributorPort } = input;
  return {
    ...node(input, "dev"),
    role: "dev",
    // In this process the Distributor is not yet there when the list is made.
    distributors: config.distributors,
    ...edge(input),
    services: Object.keys(config.services),
    distributorPort,
    log: logPlace(input),
    console: placeOfConsole(input),
    sidecars: config.processes.flatMap(({ name, sidecar }) =>
      sidecar ? [sidecarSpec(input, `${name}-1`, sidecar, name)] : [],
    ),
  };
}

function placeOfConsole(input: PlanInput): ConsolePlace | undefined {
  const { consolePort, dataFolder } = input;
  return consolePort === undefined ? undefined : consolePlace(input, consolePort, dataFolder);
}

/** One log for a mesh: the machine that runs its Distributor runs it too. */
function logPlace({ config, dataFolder, distributorPort }: PlanInput): EventLogPlace | undefined {
  if (!config.events || distributorPort === undefined) return undefined;
  return eventLogPlace(config.events, dataFolder);
}

/** Where a log is, and what it keeps. */
export function eventLogPlace(events: EventsSection, dataFolder: string): EventLogPlace {
  const { url, dir = "events", keepDays = 7, keepMb = 4_096 } = events;
  return {
    url,
    folder: resolve(dataFolder, dir),
    keepMs: keepDays * 24 * 3_600_000,
    keepBytes: keepMb * 2 ** 20,
  };
}

function sidecarSpec(
  input: PlanInput,
  slot: string,
  sidecar: SidecarSection,
  nodeName: string,
): SidecarSpec {
  const folder = dirname(input.configPath);
  return { ...node(input, slot), role: "sidecar", nodeName, sidecar, folder };
}

/** The Distributors that nodes of this machine join. */
export function distributorsOf({ config, distributorPort }: PlanInput): readonly HostPort[] {
  if (distributorPort === undefined) return config.distributors;
  return [{ host: dialHost(config.host), port: distributorPort }];
}

/** Where a browser on this machine finds the gateway. */
export function gatewayUrl({ config, gatewayPort }: PlanInput): string {
  const { host, tls } = config.gateway;
  const isLocal = ["127.0.0.1", "::1", "0.0.0.0", "::", "localhost"].includes(host);
  const name = isLocal ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `${tls ? "https" : "http"}://${name}:${gatewayPort}`;
}

function common({ config, token, certs }: PlanInput, name: string) {
  const { name: mesh, host, logLevel } = config;
  return { name, mesh, host, token, certs, logLevel };
}

/** What a process that runs the HTTP edge is told of it. */
export function edge(input: Pick<PlanInput, "config" | "configPath" | "gatewayPort">): EdgeSpec {
  const { config, configPath } = input;
  return {
    gateway: gatewaySection(input),
    configPath,
    profile: config.profile,
    hasVerifier: config.gateway.auth?.verifier !== undefined,
  };
}

/** Files are named as the configuration sees them; processes may run elsewhere. */
function gatewaySection({
  config,
  configPath,
  gatewayPort,
}: Pick<PlanInput, "config" | "configPath" | "gatewayPort">): ResolvedConfig["gateway"] {
  const { tls, files, ...gateway } = config.gateway;
  const inProject = (path: string) => resolve(dirname(configPath), path);
  return {
    ...gateway,
    port: gatewayPort,
    ...(files ? { files: files.map((each) => ({ ...each, folder: inProject(each.folder) })) } : {}),
    ...(tls
      ? {
          tls: [tls]
            .flat()
            .map(({ cert, key }) => ({ cert: inProject(cert), key: inProject(key) })),
        }
      : {}),
  };
}

function node(input: PlanInput, name: string) {
  return {
    ...common(input, name),
    dataFolder: input.dataFolder,
    distributors: distributorsOf(input),
    calls: input.config.calls,
    contracts: input.config.contracts,
    principals: input.config.principals,
    zone: input.config.zone,
    traces: input.config.traces,
  };
}

/** Where to dial what listens on `host`: a wildcard address is listened on, not dialled. */
export function dialHost(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
}
