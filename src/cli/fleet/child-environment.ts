import { join } from "node:path";

/**
 * What a process of the fleet inherits: how to run at all, and nothing of what the shell happens to hold. Everything a service
 * wants to know it declares, and gets by the supervisor's channel.
 */
const inherited = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LANGUAGE",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "TMPDIR",
  "LD_LIBRARY_PATH",
  "NODE_ENV",
  "NODE_OPTIONS",
  "NODE_COMPILE_CACHE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "UV_THREADPOOL_SIZE",
];

/**
 * The environment of a child process. Node keeps compiled code in the data folder: the shop's 11 processes are ready in 1.7 s
 * instead of 3.5 s (2 cores), each with 25 MB less, because its TypeScript is not stripped again.
 */
export function childEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  dataFolder: string,
): Record<string, string> {
  const found: Record<string, string> = { NODE_COMPILE_CACHE: join(dataFolder, "compile-cache") };
  for (const name of inherited) {
    const value = environment[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** Node's own flags for a child: `--conditions=...` and the like belong to the children too; a debugger's port does not. */
export function inheritedArguments(): string[] {
  return process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
}
