import type { Service } from "../contract/index.ts";
import type { OperationRouteOptions, RouteOptions, RouteSection } from "../gateway/index.ts";
import type { GatewaySection } from "./gateway-section.ts";

/** Loads a service's module, whose default export is the service. Called only in a process that hosts it. */
export type ServiceLoader = () => Promise<{ readonly default: Service }>;

/** The levels of the platform's and the services' logs, quietest last. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

/** How an instance is chosen: two random ones compared by load (`p2c`), or one after the other. */
export const balancers = ["p2c", "round-robin"] as const;

/** How calls to one service are made. */
export interface ServiceCallOptions {
  /** Time for a call, in ms, where the caller gives none. Default: `calls.deadlineMs`. */
  readonly deadlineMs?: number;
  /** See {@link balancers}. Default `"p2c"`. */
  readonly balancer?: (typeof balancers)[number];
  /** Retries of one call at most; 0 switches them off. Default 2. */
  readonly retries?: number;
  /** Asks a second instance once an idempotent call takes longer than 95 % of them do. Default false. */
  readonly hedge?: boolean;
  /** Which share of calls goes to which version: `{ "1": 90, "2": 10 }`; one alone is a pin. Default: to all alike. */
  readonly versions?: Readonly<Record<string, number>>;
}

/** What becomes of a node whose contracts would break callers of instances that run. */
export const contractPolicies = ["route", "quarantine", "refuse"] as const;

/** Whether a new process runs beside the old one for a moment in a reload. */
export const reloadWays = ["overlap", "replace"] as const;

/** As many processes as the work needs. */
export interface InstanceRange {
  /** At least so many, and so many to begin with. */
  readonly min: number;
  /** At most so many, to 64. */
  readonly max: number;
  /** Requests at work at the same time that one process is right for. Default 20. */
  readonly concurrency?: number;
}

/** One kind of process: which services it hosts, and how many run side by side. */
export interface ProcessOptions {
  /** Keys of `services`. Default: the service that has the process's own name. */
  readonly services?: readonly string[];
  /**
   * How many of these processes `dure up` runs, 1 to 64; `"max"`: one for each core that this machine, or the container, has; a range:
   * as many as the requests at work need. Default 1. They are named `products-1`, `products-2`.
   */
  readonly instances?: number | "max" | InstanceRange;
  /**
   * What `dure reload` does: `"overlap"` (default) has the new process ready before the old one goes; `"replace"` lets the old one go
   * first, for what may run only once; callers wait meanwhile, within their deadline.
   */
  readonly reload?: (typeof reloadWays)[number];
  /** How long requests and streams may go on once a process is asked to stop, in ms; then they are cut off. Default 10,000. */
  readonly drainMs?: number;
  /** A process that needs more memory, in MiB, is ended in order and started anew. Default: no limit. */
  readonly memoryMbMax?: number;
  /** A program written in any language instead of services; the process's name is the service's. See {@link SidecarSection}. */
  readonly sidecar?: SidecarSection;
}

/** A program that is a service of the mesh through a sidecar. */
export interface SidecarSection {
  /** The program and its arguments, started in the configuration file's folder. */
  readonly command: readonly [string, ...string[]];
  /** What it offers, as `["GET /reviews", "POST /reviews"]`. */
  readonly urls: readonly string[];
  /** Those of them that need no sign-in at the gateway. Default: none. */
  readonly public?: readonly string[];
  /** A path that answers with 200 to 399 once it is healthy. Default: it is once it accepts connections. */
  readonly health?: string;
  /** What to say, and go on without it, where the program is not installed. Default: that is an error. */
  readonly withoutIt?: string;
}

/** Protocols of `events.url`, one or more for each engine. */
export const eventEngineProtocols = [
  "amqp",
  "amqps",
  "postgres",
  "postgresql",
  "redis",
  "rediss",
  "nats",
  "tls",
] as const;

/** Where events are stored, and for how long. */
export interface EventsSection {
  /**
   * An engine that keeps the events in place of files. `postgres://...`: a PostgreSQL database, whose search path is the log's schema;
   * needs the package `pg`. `redis://...`, `rediss://...`: a Redis database, by its number; needs the package `@redis/client`. `nats://host:4222/stream`,
   * `tls://...`: a stream of NATS JetStream; needs `@nats-io/transport-node` and `@nats-io/jetstream`.
   * `amqp://...`, `amqps://...`: a virtual host of RabbitMQ; needs the package `amqplib`. Better given as `DURE_EVENTS_URL`, since it holds a password.
   */
  readonly url?: string;
  /** The folder of the log's files. Default `events` in the data folder. */
  readonly dir?: string;
  /** Events are kept for so many days, whether anybody has read them or not. Default 7. */
  readonly keepDays?: number;
  /** Of each topic at most so much is kept, in MiB; the oldest goes first. Default 4096. */
  readonly keepMb?: number;
}

/** Which traces are kept, and where they are sent. Those with an error or a slow span are kept in any case. */
export interface TracesSection {
  /** New traces of a node that are kept in each second. Default 10. */
  readonly perSecond?: number;
  /** Of the traces beyond them, this share, from 0 to 1. Default 0.01. */
  readonly share?: number;
  /** What takes so long counts as slow, in ms. Default 500. */
  readonly slowMs?: number;
  /** A tracing system that speaks OTLP over HTTP, as `http://localhost:4318`. `DURE_OTLP_URL`. Default: none. */
  readonly otlpUrl?: string;
  /** Headers of the requests to it. Better given as `DURE_OTLP_HEADERS`, `name=value,name=value`, since they hold keys. */
  readonly otlpHeaders?: Readonly<Record<string, string>>;
}

/** The web console: the fleet in a browser. */
export interface ConsoleSection {
  /** Whether it is run. `DURE_CONSOLE=on|off`. Default true. */
  readonly enabled?: boolean;
  /** `DURE_CONSOLE_PORT`, `--console-port`. Default 9180; 0 takes any free one. */
  readonly port?: number;
  /** The address it listens on. Default `127.0.0.1`. Beyond this machine it needs `tls`, or `plainHttp: true`. */
  readonly host?: string;
  /** Further names by which browsers reach it, without a port, as `console.shop.example`. Requests by other names are refused. */
  readonly hosts?: readonly string[];
  /** PEM files for HTTPS. Default: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Says that something before it does TLS, or that everybody on the network may read along. Default false. */
  readonly plainHttp?: boolean;
  /** Nobody may change anything, whoever signs in. Default false. */
  readonly readOnly?: boolean;
}

/** What a profile may change: everything but the project's name and its services. */
export interface ProfileOptions {
  /** Which services share a process, and how many processes run. Default: one process for each service. */
  readonly processes?: Readonly<Record<string, ProcessOptions>>;
  /** Values for the keys that services declare, by service. Not for secrets: those come from the environment. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The HTTP edge. */
  readonly gateway?: GatewaySection;
  /** The registry server that `dure up` and `dure dev` run where `distributors` is not set. */
  readonly distributor?: {
    /** Its port. `DURE_DISTRIBUTOR_PORT`, `--distributor-port`. Default 9100; 0 takes any free one. */
    readonly port?: number;
  };
  /** Distributors to join, as `host:port`. `DURE_DISTRIBUTORS`, `--join`. Default: the one that is run here. */
  readonly distributors?: readonly string[];
  /** How services call each other. */
  readonly calls?: ServiceCallOptions & {
    /** Exceptions, by the service that is called. */
    readonly services?: Readonly<Record<string, ServiceCallOptions>>;
  };
  /** The event log that `dure up` and `dure dev` run here. Default: none; set it, `events: {}` is enough, where services publish events. */
  readonly events?: EventsSection;
  /** See {@link contractPolicies}. `DURE_CONTRACTS`. Default `"route"`: each caller's calls go to the versions that fit it. */
  readonly contracts?: (typeof contractPolicies)[number];
  /** The failure domain of this machine, such as `eu-1a`; calls stay in it while they can. `DURE_ZONE`. Default: none. */
  readonly zone?: string;
  /** The address nodes listen on. `DURE_HOST`, `--host`. Default `127.0.0.1`: nothing is reachable from other machines. */
  readonly host?: string;
  /** How peers prove that they belong to this mesh. */
  readonly security?: {
    /** A file that holds the shared token. `DURE_TOKEN_FILE`. Default: a token is made once, in the data folder. */
    readonly tokenFile?: string;
    /** A folder of certificates made by `dure certs`: every link is then mutual TLS. `DURE_CERTS`. Default: none. */
    readonly certs?: string;
    /**
     * Names whose certificates may say for whom calls are made. `DURE_PRINCIPALS`. Default `["gateway"]`; nothing is asked where there are no
     * certificates.
     */
    readonly principals?: readonly string[];
  };
  /** Where Prometheus reads what all processes of this machine count: `GET /metrics`. */
  readonly metrics?: {
    /** `DURE_METRICS_PORT`. Default: none is opened; 0 takes any free one. */
    readonly port?: number;
    /** The address it listens on. Default `127.0.0.1`. */
    readonly host?: string;
  };
  /** Which traces are kept, and where they are sent. */
  readonly traces?: TracesSection;
  /** The web console of `dure up` and `dure dev`. */
  readonly console?: ConsoleSection;
  /** Logs. */
  readonly logs?: {
    /** The quietest level that is written. `DURE_LOG_LEVEL`, `--log-level`. Default `"info"`. */
    readonly level?: (typeof logLevels)[number];
    /** `dure up` keeps what each process writes in a file, in the data folder; one that is larger is put aside, in MiB. Default 10. */
    readonly fileMb?: number;
    /** How many files that were put aside are kept, for each process. Default 4. */
    readonly keptFiles?: number;
  };
}

/** The project's `dure.config.ts`. */
export interface DureConfig extends ProfileOptions {
  /** The project's name, which is the mesh's name: nodes of another mesh are refused. `DURE_NAME`. */
  readonly name: string;
  /** Every service of the project; the key is its contract's name. */
  readonly services: Readonly<Record<string, ServiceLoader>>;
  /** Changes for one environment, chosen by `--profile` or `DURE_PROFILE`. */
  readonly profiles?: Readonly<Record<string, ProfileOptions>>;
}

/**
 * A route of the gateway to HTTP servers that are not on the mesh: `route("/legacy/*", { upstream: "http://127.0.0.1:9000" })`. Like an
 * operation it is closed unless `auth: "public"`. Without an upstream it says how operations at its paths are treated:
 * `route("/products/*", { versions: { "1": 95, "2": 5 }, sticky: { cookie: "shop" } })`.
 */
export function route(path: string, options: RouteOptions | OperationRouteOptions): RouteSection {
  return { path, ...options };
}

/** Types a configuration. It is checked when it is used, so that all problems can be told at once. */
export function defineConfig(config: DureConfig): DureConfig {
  return config;
}
