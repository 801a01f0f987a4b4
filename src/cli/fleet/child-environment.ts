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

/** The environment of a child process. */
export function childEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of inherited) {
    const value = environment[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
