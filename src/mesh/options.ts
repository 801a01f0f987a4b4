import type { ResourceOverride, Service } from "../contract/index.ts";
import type { Logger, TraceOptions } from "../telemetry/index.ts";
import type { Address, Transport } from "../wire/index.ts";
import type { ContractPolicy } from "./contract-gate.ts";
import type { BalancerName } from "./core/balancer.ts";
import type { VersionWeights } from "./core/version-split.ts";
import type { EventsPort } from "./events-port.ts";

/** How calls to one service are made. */
export interface ServiceCallOptions {
  /** Time for a call that sets none itself, in ms. Default 5,000. */
  readonly deadlineMs?: number | undefined;
  /** `p2c`: the less loaded of two random instances (default). `round-robin`: each in turn. */
  readonly balancer?: BalancerName | undefined;
  /** Retries of one call at most; 0 switches them off. Default 2. A call that was never begun is sent elsewhere all the same. */
  readonly retries?: number | undefined;
  /**
   * Asks a second instance once a call of an idempotent operation takes longer than 95 % of them do; the first answer counts. Costs
   * about 5 % more calls and cuts the tail (J. Dean, L. A. Barroso, "The Tail at Scale", 2013). Default false.
   */
  readonly hedge?: boolean | undefined;
  /** Which share of calls goes to which version: `{ "1": 90, "2": 10 }`; one alone is a pin. Default: to all alike. */
  readonly versions?: VersionWeights | undefined;
}

/** The same with every default filled in. */
export interface ResolvedCallOptions {
  readonly deadlineMs: number;
  readonly balancer: BalancerName;
  readonly retries: number;
  readonly hedge: boolean;
  readonly versions: VersionWeights | undefined;
}

/** How a node makes calls. */
export interface CallDefaults extends ServiceCallOptions {
  /** What is different for some services. */
  readonly services?: Readonly<Record<string, ServiceCallOptions>> | undefined;
}

/** What {@link createNode} takes. */
export interface NodeOptions {
  /** What people call it; usually the service's name. */
  readonly name: string;
  /** A stable label such as `products-1`. Default: the name. */
  readonly slot?: string | undefined;
  /** The mesh (project) it belongs to. Default `dure`. */
  readonly mesh?: string | undefined;
  /** The address it listens on. Default 127.0.0.1. Beyond loopback a token is needed. */
  readonly host?: string | undefined;
  /** The port it listens on; 0 (default) for any free one. */
  readonly port?: number | undefined;
  /** The failure domain it runs in, such as `eu-1a`; calls stay in it while its instances are not much more loaded. Default none. */
  readonly zone?: string | undefined;
  /** Its share of the calls, compared with other instances. Default 1. */
  readonly weight?: number | undefined;
  readonly distributors: readonly Address[];
  /** What it hosts. None: it only calls. */
  readonly services?: readonly Service[] | undefined;
  readonly token?: string | undefined;
  /** Where the view and contracts are kept between runs; nowhere without it. */
  readonly dataDir?: string | undefined;
  readonly transport?: Transport | undefined;
  readonly calls?: CallDefaults | undefined;
  /**
   * Names whose certificates may say for whom calls are made; a principal that none of them signed is refused. Only with a transport that has
   * certificates. Default `["gateway"]`.
   */
  readonly principals?: readonly string[] | undefined;
  /** What becomes of this node if its contracts would break callers of instances that run. Default `route`. */
  readonly contracts?: ContractPolicy | undefined;
  /** The values of the services' declared environment, by service and name. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** What takes the place of resources, for tests. */
  readonly provide?: readonly ResourceOverride[] | undefined;
  /** What its services publish to and take events from. Without it they can do neither. */
  readonly events?: EventsPort | undefined;
  /**
   * Listens even where it hosts nothing, so that what it counts, logs and traces can be asked for. Default false: it only calls.
   */
  readonly isObservable?: boolean | undefined;
  /** Which traces are kept. */
  readonly traces?: TraceOptions | undefined;
  readonly logger?: Logger | undefined;
}

/** The defaults of calls. */
export const defaultCalls = {
  deadlineMs: 5_000,
  balancer: "p2c",
  retries: 2,
  hedge: false,
} as const satisfies ServiceCallOptions;

/** The deadline of calls to one service, in ms. */
export function deadlineMsFor(calls: CallDefaults | undefined, service: string): number {
  return calls?.services?.[service]?.deadlineMs ?? calls?.deadlineMs ?? defaultCalls.deadlineMs;
}

/** What holds for calls to one service. */
export function callOptionsFor(
  calls: CallDefaults | undefined,
  service: string,
): ResolvedCallOptions {
  const own = calls?.services?.[service];
  return {
    deadlineMs: deadlineMsFor(calls, service),
    balancer: own?.balancer ?? calls?.balancer ?? defaultCalls.balancer,
    retries: own?.retries ?? calls?.retries ?? defaultCalls.retries,
    hedge: own?.hedge ?? calls?.hedge ?? defaultCalls.hedge,
    versions: own?.versions ?? calls?.versions,
  };
}
