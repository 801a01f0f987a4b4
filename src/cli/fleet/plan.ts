/** Which processes a fleet has, and what each is told. Pure. */
import type { HostPort, ResolvedConfig } from "../../config/index.ts";
import type { DevSpec, HostSpec } from "../host/spec.ts";

/** What a plan is made from. */
export interface PlanInput {
  readonly config: ResolvedConfig;
  /** Absolute. */
  readonly configPath: string;
  /** Absolute. */
  readonly dataFolder: string;
  readonly token: string;
  /** The ports that were found free; they stay the same when a process is restarted. */
  readonly gatewayPort: number;
  /** `undefined` where the project joins Distributors that run elsewhere. */
  readonly distributorPort: number | undefined;
}

/** One process of a plan. */
export interface PlannedProcess {
  readonly spec: HostSpec;
  /** Who is stopped first: 0. */
  readonly stopRank: number;
}

/** The edge first, so that no request comes in; then services; the registry last, so that leaving is heard. */
const stopRanks = { gateway: 0, dev: 0, services: 1, distributor: 2 } as const;

/** `dure up`: a Distributor, a gateway, and every instance. */
export function planUp(input: PlanInput): PlannedProcess[] {
  const { config, configPath, distributorPort, gatewayPort } = input;
  const specs: HostSpec[] = [];
  if (distributorPort !== undefined) {
    specs.push({ ...common(input, "distributor"), role: "distributor", port: distributorPort });
  }
  for (const { name, services, instances } of config.processes) {
    for (let number = 1; number <= instances; number += 1) {
      const slot = `${name}-${number}`;
      specs.push({ ...node(input, slot), role: "services", nodeName: name, configPath, services });
    }
  }
  specs.push({
    ...node(input, "gateway"),
    role: "gateway",
    gateway: { ...config.gateway, port: gatewayPort },
    expects: Object.keys(config.services),
  });
  return specs.map((spec) => ({ spec, stopRank: stopRanks[spec.role] }));
}

/** `dure dev`: everything in one process. */
export function planDev(input: PlanInput): DevSpec {
  const { config, configPath, distributorPort, gatewayPort } = input;
  return {
    ...node(input, "dev"),
    role: "dev",
    // In this process the Distributor is not yet there when the list is made.
    distributors: config.distributors,
    configPath,
    services: Object.keys(config.services),
    gateway: { ...config.gateway, port: gatewayPort },
    distributorPort,
  };
}

/** The Distributors that nodes of this machine join. */
export function distributorsOf({ config, distributorPort }: PlanInput): readonly HostPort[] {
  if (distributorPort === undefined) return config.distributors;
  return [{ host: dialHost(config.host), port: distributorPort }];
}

/** Where a browser on this machine finds the gateway. */
export function gatewayUrl({ config, gatewayPort }: PlanInput): string {
  const { host } = config.gateway;
  const isLocal = ["127.0.0.1", "::1", "0.0.0.0", "::", "localhost"].includes(host);
  const name = isLocal ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${gatewayPort}`;
}

function common({ config, token }: PlanInput, name: string) {
  const { name: mesh, host, logLevel } = config;
  return { name, mesh, host, token, logLevel };
}

function node(input: PlanInput, name: string) {
  return {
    ...common(input, name),
    dataFolder: input.dataFolder,
    distributors: distributorsOf(input),
    calls: input.config.calls,
  };
}

/** Where to dial what listens on `host`: a wildcard address is listened on, not dialled. */
export function dialHost(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
}
