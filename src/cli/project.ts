/** The project a command works on: its configuration file, `.env` files, data folder and token. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseEnv } from "node:util";
import type { Command } from "commander";
import {
  type EnvFile,
  envLines,
  type ResolvedConfig,
  resolveConfig,
  resolveServiceEnv,
  type ServiceEnv,
  settings,
} from "../config/index.ts";
import { asError, DureError } from "../kit/index.ts";
import { tokenOf } from "../supervisor/index.ts";
import { type DataFlag, dataFolderOf } from "./running-fleet.ts";

/** Flags that say which project, as commander gives them. */
export interface ProjectFlags extends DataFlag {
  readonly config?: string;
  readonly profile?: string;
  readonly [flag: string]: unknown;
}

/** A loaded project. */
export interface Project {
  /** Absolute; undefined where there is no file and none is needed. */
  readonly configPath: string | undefined;
  readonly config: ResolvedConfig;
  /** Absolute. */
  readonly dataFolder: string;
  /** The mesh's shared token; made now if there is none yet. Throws INVALID_ARGUMENT if its file cannot be read. */
  token(): MeshToken;
  /** The folder of certificates, absolute; undefined where none is configured. */
  readonly certs: string | undefined;
  /** Finds the values of a service's declared keys. */
  serviceEnv(service: string, keys: readonly string[]): ServiceEnv;
}

/** A token and where it is kept. */
export interface MeshToken {
  readonly token: string;
  /** Absent if it came in `DURE_TOKEN`. */
  readonly file?: string;
}

const fileNames = ["dure.config.ts", "dure.config.mts", "dure.config.js", "dure.config.mjs"];

/** Adds the flags that say which project. */
export function addProjectFlags(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (default: dure.config.ts in this folder)")
    .option("--profile <name>", "profile of the configuration (DURE_PROFILE)")
    .option("--data <folder>", "state folder (DURE_DATA; default: .dure)");
}

/** Adds the flags of platform options, by their path in the configuration. */
export function addSettingFlags(command: Command, paths: readonly string[]): Command {
  for (const { path, flag, variable, description } of settings) {
    if (flag && paths.includes(path)) command.option(flag, `${description} (${variable})`);
  }
  return command;
}

/**
 * Loads the project. Throws INVALID_ARGUMENT that lists all problems, NOT_FOUND if there is no configuration file; with
 * `isOptional` a missing file means the defaults; with `isReloaded` a file that changed since it was loaded is read again.
 */
export async function loadProject(
  flags: ProjectFlags,
  { isOptional = false, from = process.cwd(), isReloaded = false } = {},
): Promise<Project> {
  const configPath = flags.config ? resolve(flags.config) : findConfig(from);
  if (!configPath && !isOptional) {
    throw new DureError(
      "NOT_FOUND",
      `there is no dure.config.ts in ${from} or above it; name one with --config, or make a project with: dure init`,
    );
  }
  const profile = flags.profile ?? process.env.DURE_PROFILE;
  const config = resolveConfig({
    config: configPath
      ? await importConfig(configPath, isReloaded)
      : { name: "dure", services: {} },
    fileName: configPath ?? "the configuration",
    source: configPath && readFileSync(configPath, "utf8"),
    profile: configPath ? profile : undefined,
    environment: process.env,
    flags,
    coreCount: availableParallelism(),
  });
  const dataFolder = dataFolderOf(flags);
  const root = configPath ? dirname(configPath) : from;
  const sources = {
    builtIn: { DURE_DATA: dataFolder },
    environment: process.env,
    profileFile: readEnvFile(root, profile ? `.env.${profile}` : undefined),
    file: readEnvFile(root, ".env"),
    readFile: (path: string) => readFileSync(path, "utf8"),
  };
  return {
    configPath,
    config,
    dataFolder,
    token: () => findToken(config, root, dataFolder),
    certs: config.certs === undefined ? undefined : resolve(root, config.certs),
    serviceEnv: (service, keys) =>
      resolveServiceEnv(service, keys, { ...sources, config: config.env[service] ?? {} }),
  };
}

/** The default export of a configuration file. */
export async function importConfig(path: string, isReloaded = false): Promise<unknown> {
  if (!existsSync(path)) {
    throw new DureError("NOT_FOUND", `there is no configuration file ${path}`);
  }
  try {
    // A module is loaded once by its URL, so a changed file needs another.
    const query = isReloaded ? `?changed=${statSync(path).mtimeMs}` : "";
    return (await import(pathToFileURL(path).href + query)).default;
  } catch (thrown) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `${path} cannot be loaded: ${asError(thrown).stack ?? thrown}`,
      { cause: thrown },
    );
  }
}

/** The nearest configuration file, from a folder upwards: a service's file may lie below it. */
function findConfig(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = fileNames.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found || dirname(folder) === folder) return found;
  }
}

function readEnvFile(root: string, name: string | undefined): EnvFile {
  const path = join(root, name ?? "");
  if (name === undefined || !existsSync(path))
    return { name: name ?? "", values: {}, lines: new Map() };
  const text = readFileSync(path, "utf8");
  return { name, values: parseEnv(text), lines: envLines(text) };
}

function findToken({ tokenFile }: ResolvedConfig, root: string, dataFolder: string): MeshToken {
  const { DURE_TOKEN } = process.env;
  if (DURE_TOKEN) return { token: DURE_TOKEN };
  if (!tokenFile) return { token: tokenOf(dataFolder), file: join(dataFolder, "token") };
  const file = resolve(root, tokenFile);
  try {
    return { token: readFileSync(file, "utf8").trim(), file };
  } catch (thrown) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `the token file ${file} cannot be read: ${asError(thrown).message}`,
    );
  }
}
