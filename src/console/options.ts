import type { z } from "zod";
import type { RouteSection } from "../gateway/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { Collector } from "./collector/collector.ts";
import type { Process } from "./schemas/fleet.ts";

/** What went wrong with one of several. */
interface NamedFailure {
  readonly name: string;
  readonly reason: string;
}

/** The supervisor of this machine, as the console needs it. */
export interface FleetPort {
  ps(): Promise<readonly z.infer<typeof Process>[]>;
  reload(names: readonly string[]): Promise<{
    readonly reloaded: readonly string[];
    readonly failures: readonly NamedFailure[];
    readonly untouched: readonly string[];
  }>;
  scale(kind: string, count: number): Promise<{ readonly failures: readonly NamedFailure[] }>;
}

/** What {@link createConsole} takes. */
export interface ConsoleOptions {
  /** The node through which it sees the mesh; it stays its owner's. */
  readonly node: MeshNode;
  /** Whoever knows it makes URLs that let people in; see `consoleUrl`. */
  readonly secret: string;
  /** Where sign-ins and what was done are written down. Default: nowhere, and a restart makes used URLs good again. */
  readonly dataFolder?: string | undefined;
  /** Default 127.0.0.1. Beyond loopback it needs `tls`, or `plainHttp`. */
  readonly host?: string | undefined;
  /** Default 9180; 0 for any free one. */
  readonly port?: number | undefined;
  /** Further names by which browsers reach it, without a port, as `console.shop.example`. */
  readonly hosts?: readonly string[] | undefined;
  /** PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Says that something before it does TLS, or that everybody on the network may read along. */
  readonly plainHttp?: boolean | undefined;
  /** Nobody may change anything, whatever the URL said. */
  readonly readOnly?: boolean | undefined;
  /** What collects spans and logs. Without it there are none. */
  readonly collector?: Collector | undefined;
  /** Without it processes cannot be looked at. */
  readonly fleet?: FleetPort | undefined;
  /** The project's routes to HTTP servers. */
  readonly routes?: readonly RouteSection[] | undefined;
  /** Folder of the built pages, for tests. Default: where the build puts them. */
  readonly pages?: string | undefined;
  /** Version of Dure, for people. */
  readonly version?: string | undefined;
  readonly logger?: Logger | undefined;
}

/** The defaults. */
export const consoleDefaults = { host: "127.0.0.1", port: 9_180 } as const;
