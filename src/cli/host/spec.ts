import type { HostPort, Problem, ResolvedConfig, SidecarSection } from "../../config/index.ts";
import type { ConsoleOptions } from "../../console/index.ts";
import type { FoundEnvironment } from "../services.ts";

/** What every process of a fleet is told when it starts. Crosses the supervisor's channel, so it is plain JSON. */
interface CommonSpec {
  /** `products-1`: the process's name and its node's slot. */
  readonly name: string;
  readonly mesh: string;
  readonly host: string;
  readonly token: string;
  /** Absolute; absent where links are not encrypted. */
  readonly certs: string | undefined;
  readonly logLevel: ResolvedConfig["logLevel"];
}

/** A process that is a node of the mesh. */
export interface NodeSpec extends CommonSpec {
  /** Where nodes keep their views (by slot) and contracts (by hash). */
  readonly dataFolder: string;
  readonly distributors: readonly HostPort[];
  readonly calls: ResolvedConfig["calls"];
  readonly contracts: ResolvedConfig["contracts"];
  readonly principals: ResolvedConfig["principals"];
  readonly zone: ResolvedConfig["zone"];
  readonly traces: ResolvedConfig["traces"];
}

/** Runs the registry server. */
export interface DistributorSpec extends CommonSpec {
  readonly role: "distributor";
  readonly port: number;
}

/** Where the event log is and what it keeps. */
export interface EventLogPlace {
  /** Absolute. */
  readonly folder: string;
  /** An engine in its place. */
  readonly url: string | undefined;
  readonly keepMs: number;
  readonly keepBytes: number;
}

/** Runs the event log. */
export interface EventLogSpec extends NodeSpec {
  readonly role: "eventlog";
  readonly log: EventLogPlace;
}

/** What a process that runs the HTTP edge must know for it. */
export interface EdgeSpec {
  readonly gateway: ResolvedConfig["gateway"];
  readonly configPath: string;
  readonly profile: string | undefined;
  /** Whether the configuration has a verifier, which the process then reads from the file. */
  readonly hasVerifier: boolean;
}

/** Runs the HTTP edge. */
export interface GatewaySpec extends NodeSpec, EdgeSpec {
  readonly role: "gateway";
  /** Services that must be reachable before the fleet counts as ready. */
  readonly expects: readonly string[];
}

/** What a process that runs the web console is told of it. */
export interface ConsolePlace
  extends Pick<
    ConsoleOptions,
    "secret" | "dataFolder" | "hosts" | "tls" | "plainHttp" | "readOnly" | "routes"
  > {
  readonly host: string;
  readonly port: number;
  /** The data folder of the supervisor that it asks; undefined for none. */
  readonly fleetFolder: string | undefined;
}

/** Runs the web console. */
export interface ConsoleSpec extends NodeSpec {
  readonly role: "console";
  readonly console: ConsolePlace;
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

/** Runs a program written in any language, as a service. */
export interface SidecarSpec extends NodeSpec {
  readonly role: "sidecar";
  /** The service's name. */
  readonly nodeName: string;
  readonly sidecar: SidecarSection;
  /** Its working directory. */
  readonly folder: string;
}

/** Everything in one process: the monolith. */
export interface DevSpec extends NodeSpec, EdgeSpec {
  readonly role: "dev";
  readonly services: readonly string[];
  /** Absent where the project joins Distributors that run elsewhere. */
  readonly distributorPort: number | undefined;
  /** Absent where no events are stored here. */
  readonly log: EventLogPlace | undefined;
  /** Absent where no console is wanted. */
  readonly console: ConsolePlace | undefined;
  /** Programs of other languages beside it. */
  readonly sidecars: readonly SidecarSpec[];
}

/** The work of one process. */
export type HostSpec =
  | DistributorSpec
  | EventLogSpec
  | GatewaySpec
  | ServicesSpec
  | SidecarSpec
  | ConsoleSpec
  | DevSpec;

/** A process asks for the keys that its services declare; nothing else ever reaches it. */
export interface EnvQuestion {
  readonly kind: "env";
  /** Keys by service. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

/** By service: values as strings, which the schemas of the service convert, and where they came from. */
export interface EnvAnswer {
  readonly found: FoundEnvironment;
  readonly problems: readonly Problem[];
}

/** What a process tells beside being ready. */
export type HostTold =
  /** The gateway reaches every expected service. */
  | { readonly kind: "covers" }
  /** The console runs; the URL lets one browser in, so it is not for log files. */
  | { readonly kind: "console"; readonly url: string }
  /** A line for people, such as the routes of a service. */
  | { readonly kind: "line"; readonly text: string };
