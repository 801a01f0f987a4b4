import type { RequestVerifier, Service } from "../contract/index.ts";
import type { RouteOptions, RouteSection } from "../gateway/index.ts";

/** Loads a service's module, whose default export is the service. Called only in a process that hosts it. */
export type ServiceLoader = () => Promise<{ readonly default: Service }>;

/** Loads a module whose default export says who calls. Called only in the gateway's process. */
export type VerifierLoader = () => Promise<{ readonly default: RequestVerifier }>;

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

/** Who signs the tokens that the gateway accepts. */
export interface IssuerOptions {
  /** The `iss` claim. */
  readonly issuer: string;
  /** The `aud` claim, or several of which one is enough. Default: not checked. */
  readonly audience?: string | readonly string[];
  /** Allowed signature algorithms, such as `["EdDSA"]`. Never taken from the token. */
  readonly algorithms: readonly string[];
  /** Where the public keys come from: a URL, or an operation of the mesh (`"members.keys"`) that returns a JWKS. */
  readonly jwks: { readonly url: string } | { readonly operation: string };
  /** How much the issuer's clock may differ from ours, in seconds, to 300. Default 60. */
  readonly clockToleranceS?: number;
}

/** An API key as it is kept. */
export interface ApiKeyOptions {
  /** The public part of the key, 16 hexadecimal digits. */
  readonly id: string;
  /** SHA-256 of the key, 64 hexadecimal digits. */
  readonly hash: string;
  /** Who calls with it: the principal's subject. */
  readonly subject: string;
  /** The principal's scopes. Default none. */
  readonly scopes?: readonly string[];
  /** When it ends, as ISO 8601: `2027-01-31`. Default never. */
  readonly expires?: string;
}

/** PEM files, relative to the configuration file. */
export interface CertificateFiles {
  /** The certificate, and behind it those of the authorities between it and the root. */
  readonly cert: string;
  readonly key: string;
}

/** The HTTP edge. */
export interface GatewaySection {
  /** The port of the gateway. `PORT`, `--port`. Default 8080; 0 takes any free one. */
  readonly port?: number;
  /** The address it listens on. `DURE_GATEWAY_HOST`. Default: `host`. */
  readonly host?: string;
  /** How many processes share the port, 1 to 64; `"max"`: one for each core. Default 1. */
  readonly instances?: number | "max";
  /**
   * Certificates for HTTPS; of several, a client gets the one for the name it asks for, or the first. Changed files are used without a
   * restart. Default: plain HTTP.
   */
  readonly tls?: CertificateFiles | readonly CertificateFiles[];
  /**
   * Addresses and networks of the proxies before the gateway, as `["10.0.0.0/8"]`. From them alone `X-Forwarded-For`, `X-Forwarded-Proto`
   * and `Forwarded` are believed. Default: nobody's.
   */
  readonly trustedProxies?: readonly string[];
  /** How callers prove who they are. Default: not at all, so that only public operations can be called over HTTP. */
  readonly auth?: {
    /** Whose JSON Web Tokens are accepted. */
    readonly issuers?: readonly IssuerOptions[];
    /** API keys, as `dure api-key` prints them: hashes, which are no secret. */
    readonly apiKeys?: readonly ApiKeyOptions[];
    /** Loads a verifier of the project's own, such as `() => import("./sessions.ts")`. It is asked first. */
    readonly verifier?: VerifierLoader;
  };
  /** Paths that HTTP servers outside of the mesh answer, where no contract does. Made by {@link route}. */
  readonly routes?: readonly RouteSection[];
  /** Bounds of a request and of its connection. */
  readonly limits?: {
    /** Largest request body, in bytes. Default 1 MiB; above it 413. */
    readonly bodyBytesMax?: number;
    /** Largest request head (request line and headers), in bytes. Default 16 KiB; above it 431. */
    readonly headerBytesMax?: number;
    /** Header fields of a request at most. Default 100; above it 431. */
    readonly headersMax?: number;
    /** Time for a request's head from its first byte on, and for a TLS handshake, in ms. Default 10,000; then 408. */
    readonly headMsMax?: number;
    /** How long a client may pause while it sends its body or reads its answer, in ms. Default 10,000; then 408, or it is cut off. */
    readonly pauseMsMax?: number;
    /** How fast it must be on the whole while it does, in bytes a second. Default 2,048. */
    readonly bytesPerSecondMin?: number;
    /** How long an idle connection is kept, in ms. Default 65,000: longer than balancers keep theirs, so that they close first. */
    readonly keepAliveMs?: number;
    /** Requests on one connection; then it is closed. Default 10,000. */
    readonly requestsPerConnectionMax?: number;
    /** Connections at a time; further ones are closed at once. Default 10,000. */
    readonly connectionsMax?: number;
  };
}

/** Protocols of `events.url`, one or more for each engine. */
export const eventEngineProtocols = ["postgres", "postgresql", "redis", "rediss"] as const;

/** Where events are stored, and for how long. */
export interface EventsSection {
  /**
   * An engine that keeps the events in place of files. `postgres://...`: a PostgreSQL database, whose search path is the log's schema;
   * needs the package `pg`. `redis://...`, `rediss://...`: a Redis database, by its number; needs the package `@redis/client`. Better given as `DURE_EVENTS_URL`, since it holds a password.
   */
  readonly url?: string;
  /** The folder of the log's files. Default `events` in the data folder. */
  readonly dir?: string;
  /** Events are kept for so many days, whether anybody has read them or not. Default 7. */
  readonly keepDays?: number;
  /** Of each topic at most so much is kept, in MiB; the oldest goes first. Default 4096. */
  readonly keepMb?: number;
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
  };
  /** Where Prometheus reads what all processes of this machine count: `GET /metrics`. */
  readonly metrics?: {
    /** `DURE_METRICS_PORT`. Default: none is opened; 0 takes any free one. */
    readonly port?: number;
    /** The address it listens on. Default `127.0.0.1`. */
    readonly host?: string;
  };
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
 * operation it is closed unless `auth: "public"`.
 */
export function route(path: string, options: RouteOptions): RouteSection {
  return { path, ...options };
}

/** Types a configuration. It is checked when it is used, so that all problems can be told at once. */
export function defineConfig(config: DureConfig): DureConfig {
  return config;
}
