import type { HostPort, Problem, ResolvedConfig } from "../../config/index.ts";

/** What every process of a fleet is told when it starts. Crosses the supervisor's channel, so it is plain JSON. */
interface CommonSpec {
  /** `products-1`: the process's name and its node's slot. */
  readonly name: string;
  readonly mesh: string;
  readonly host: string;
  readonly token: string;
  readonly logLevel: ResolvedConfig["logLevel"];
}

/** A process that is a node of the mesh. */
interface NodeSpec extends CommonSpec {
  /** Where nodes keep their views (by slot) and contracts (by hash). */
  readonly dataFolder: string;
  readonly distributors: readonly HostPort[];
  readonly calls: ResolvedConfig["calls"];
}

/** Runs the registry server. */
export interface DistributorSpec extends CommonSpec {
  readonly role: "distributor";
  readonly port: number;
}

/** Runs the HTTP edge. */
export interface GatewaySpec extends NodeSpec {
  readonly role: "gateway";
  readonly gateway: ResolvedConfig["gateway"];
  /** Services that must be reachable before the fleet counts as ready. */
  readonly expects: readonly string[];
}

/** Hosts services. */
export interface ServicesSpec extends NodeSpec {
  readonly role: "services";
  /** What callers see as the node's name: the process's name without its number. */
  readonly nodeName: string;
  readonly configPath: string;
  /** Keys of the configuration's services. */
  readonly services: readonly string[];
}

/** Everything in one process: the monolith. */
export interface DevSpec extends NodeSpec {
  readonly role: "dev";
  readonly configPath: string;
  readonly services: readonly string[];
  readonly gateway: ResolvedConfig["gateway"];
  /** Absent where the project joins Distributors that run elsewhere. */
  readonly distributorPort: number | undefined;
}

/** The work of one process. */
export type HostSpec = DistributorSpec | GatewaySpec | ServicesSpec | DevSpec;

/** A process asks for the keys that its services declare; nothing else ever reaches it. */
export interface EnvQuestion {
  readonly kind: "env";
  /** Keys by service. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

/** Values by service, as strings; the schemas of the service convert them. */
export interface EnvAnswer {
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly problems: readonly Problem[];
}

/** What a process tells beside being ready. */
export type HostTold =
  /** The gateway reaches every expected service. */
  | { readonly kind: "covers" }
  /** A line for people, such as the routes of a service. */
  | { readonly kind: "line"; readonly text: string };
