import type { Command } from "commander";
import { type ResolvedConfig, settings } from "../config/index.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { print, printJson, table } from "./terminal.ts";

/** `dure config`: each option's value and where it came from. */
export function defineConfigCommand(program: Command): void {
  const command = program
    .command("config")
    .description("check the configuration and print each value and where it came from")
    .option("--json", "print a JSON array of { option, value, origin }");
  const paths = settings.map(({ path }) => path);
  addProjectFlags(addSettingFlags(command, paths)).addHelpText("after", examples).action(show);
}

async function show(flags: ProjectFlags & { json?: boolean }): Promise<void> {
  const { config } = await loadProject(flags);
  const lines = explain(config);
  if (flags.json) return printJson(lines);
  const rows = lines.map(({ option, value, origin }) => [
    option,
    typeof value === "string" ? value : JSON.stringify(value),
    origin,
  ]);
  return print(table(["OPTION", "VALUE", "FROM"], rows));
}

interface Explained {
  readonly option: string;
  readonly value: unknown;
  readonly origin: string;
}

function explain(config: ResolvedConfig): Explained[] {
  const values: Record<string, unknown> = {
    name: config.name,
    host: config.host,
    "gateway.port": config.gateway.port,
    "gateway.host": config.gateway.host,
    "gateway.auth": config.gateway.auth,
    "gateway.cors": config.gateway.cors,
    "gateway.rateLimits": config.gateway.rateLimits,
    "gateway.redis": withoutPassword(config.gateway.redis),
    "gateway.limits": config.gateway.limits,
    "gateway.compression": config.gateway.compression,
    "gateway.files": config.gateway.files,
    "gateway.tls": config.gateway.tls,
    "gateway.trustedProxies": config.gateway.trustedProxies,
    "distributor.port": config.distributor.port,
    distributors: config.distributors.map(({ host, port }) => `${host}:${port}`),
    "calls.deadlineMs": config.calls.deadlineMs ?? 5_000,
    "calls.balancer": config.calls.balancer ?? "p2c",
    "calls.retries": config.calls.retries ?? 2,
    "calls.hedge": config.calls.hedge ?? false,
    "calls.versions": config.calls.versions,
    "calls.services": config.calls.services,
    events: config.events && { ...config.events, url: withoutPassword(config.events.url) },
    contracts: config.contracts ?? "route",
    zone: config.zone,
    "security.tokenFile": config.tokenFile,
    "security.certs": config.certs,
    "traces.perSecond": config.traces.perSecond ?? 10,
    "traces.share": config.traces.share ?? 0.01,
    "traces.slowMs": config.traces.slowMs ?? 500,
    "traces.otlpUrl": withoutPassword(config.traces.otlpUrl),
    "traces.otlpHeaders": config.traces.otlpHeaders && Object.keys(config.traces.otlpHeaders),
    "security.principals": config.principals ?? ["gateway"],
    console: config.console,
    "logs.level": config.logLevel,
    "logs.fileMb": config.logFiles.fileMb,
    "logs.keptFiles": config.logFiles.keptFiles,
  };
  for (const { name, sidecar: _, ...process } of config.processes) {
    values[`processes.${name}`] = process;
  }
  for (const [service, env] of Object.entries(config.env)) values[`env.${service}`] = env;
  return Object.entries(values).flatMap(([option, value]) =>
    value === undefined ? [] : [{ option, value, origin: originOf(option, config.origins) }],
  );
}

function withoutPassword(url: string | undefined): string | undefined {
  return url?.replace(/:[^:@/]*@/, ":***@");
}

/** The origin of an option, or of the first option below it. */
function originOf(option: string, origins: ReadonlyMap<string, string>): string {
  const exact = origins.get(option);
  if (exact) return exact;
  for (const [path, origin] of origins) if (path.startsWith(`${option}.`)) return origin;
  return "default";
}

const examples = `
Examples:
  $ dure config
  $ dure config --profile production
  $ PORT=9000 dure config --json`;
