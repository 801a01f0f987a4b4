import { Command, CommanderError } from "commander";
import { exitCodeOf, explain } from "./exit-code.ts";
import { packageInfo } from "./package-info.ts";

type Define = (program: Command) => void;

/** Each command, in the order of `--help`. One is loaded when it is run: a process of a fleet needs few of the modules behind them. */
const commands: Readonly<Record<string, () => Promise<Define>>> = {
  init: async () => (await import("./init.ts")).defineInit,
  add: async () => (await import("./add.ts")).defineAdd,
  dev: async () => (await import("./dev.ts")).defineDev,
  up: async () => (await import("./up.ts")).defineUp,
  serve: async () => (await import("./serve.ts")).defineServe,
  sidecar: async () => (await import("./sidecar.ts")).defineSidecar,
  cluster: async () => (await import("./cluster.ts")).defineCluster,
  gateway: async () => (await import("./gateway.ts")).defineGateway,
  distributor: async () => (await import("./distributor.ts")).defineDistributor,
  "event-log": async () => (await import("./event-log.ts")).defineEventLog,
  console: async () => (await import("./console.ts")).defineConsole,
  down: async () => (await import("./down.ts")).defineDown,
  ps: async () => (await import("./ps.ts")).definePs,
  logs: async () => (await import("./logs.ts")).defineLogs,
  trace: async () => (await import("./trace.ts")).defineTrace,
  load: async () => (await import("./load.ts")).defineLoad,
  metrics: async () => (await import("./metrics.ts")).defineMetrics,
  reload: async () => (await import("./reload.ts")).defineReload,
  scale: async () => (await import("./scale.ts")).defineScale,
  nodes: async () => (await import("./nodes.ts")).defineNodes,
  call: async () => (await import("./call.ts")).defineCall,
  events: async () => (await import("./events.ts")).defineEvents,
  sagas: async () => (await import("./sagas.ts")).defineSagas,
  routes: async () => (await import("./routes.ts")).defineRoutes,
  export: async () => (await import("./export.ts")).defineExport,
  openapi: async () => (await import("./openapi.ts")).defineOpenApi,
  config: async () => (await import("./config.ts")).defineConfigCommand,
  certs: async () => (await import("./certs.ts")).defineCerts,
  doctor: async () => (await import("./doctor.ts")).defineDoctor,
  "api-key": async () => (await import("./api-key.ts")).defineApiKey,
  "install-service": async () => (await import("./install-service.ts")).defineInstallService,
  host: async () => (await import("./host.ts")).defineHost,
};

/** The whole command line, or only the part of it that `name` needs. */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command("dure")
    .description("From one process to a fleet without a rewrite.")
    .version(packageInfo().version)
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", examples);
  const isOne = name !== undefined && Object.hasOwn(commands, name);
  for (const [each, load] of Object.entries(commands))
    if (!isOne || each === name) (await load())(program);
  return program;
}

/** Runs a command and sets the process's exit code. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(args[0]);
    await program.parseAsync(args, { from: "user" });
  } catch (thrown) {
    process.exitCode = exitCodeOf(thrown);
    // Commander has printed its own.
    if (!(thrown instanceof CommanderError)) console.error(explain(thrown));
  }
}

const examples = `
Examples:
  $ dure init shop && cd shop && npm install
  $ dure dev                                        everything in one process, restarted on change
  $ dure up --profile production                    a process per instance, restarted on a crash
  $ dure call products.get '{"id":7}'
  $ dure ps --json

Exit codes: 0 ok, 1 failure, 2 wrong usage or input, 3 port taken, 4 nobody to talk to, 5 already running`;
