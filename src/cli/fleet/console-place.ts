import { dirname, resolve } from "node:path";
import type { ResolvedConfig } from "../../config/index.ts";
import { formatHostPort } from "../../config/index.ts";
import { tokenOf } from "../../supervisor/index.ts";
import type { ConsolePlace } from "../host/spec.ts";

/** The parts of a project that a console needs. */
interface ConsoleProject {
  readonly config: ResolvedConfig;
  readonly configPath: string | undefined;
  readonly dataFolder: string;
}

/** What a console is told. @param fleetFolder where the supervisor is that it asks; undefined for none */
export function consolePlace(
  { config, configPath, dataFolder }: ConsoleProject,
  port: number,
  fleetFolder: string | undefined,
): ConsolePlace {
  const { enabled: _, tls, ...section } = config.console;
  const inProject = (path: string) => resolve(configPath ? dirname(configPath) : ".", path);
  return {
    ...section,
    port,
    ...(tls ? { tls: { cert: inProject(tls.cert), key: inProject(tls.key) } } : {}),
    routes: config.gateway.routes ?? [],
    secret: tokenOf(dataFolder),
    ...{ dataFolder, fleetFolder },
  };
}

/** Where a browser on this machine finds it. */
export function consoleUrl({ console: { host, tls } }: ResolvedConfig, port: number): string {
  const isLocal = ["127.0.0.1", "::1", "0.0.0.0", "::", "localhost"].includes(host);
  const at = formatHostPort({ host: isLocal ? "localhost" : host, port });
  return `${tls ? "https" : "http"}://${at}/`;
}
