import { Command, CommanderError } from "commander";
import { defineAdd } from "./add.ts";
import { defineApiKey } from "./api-key.ts";
import { defineCall } from "./call.ts";
import { defineCerts } from "./certs.ts";
import { defineCluster } from "./cluster.ts";
import { defineConfigCommand } from "./config.ts";
import { defineConsole } from "./console.ts";
import { defineDev } from "./dev.ts";
import { defineDistributor } from "./distributor.ts";
import { defineDoctor } from "./doctor.ts";
import { defineDown } from "./down.ts";
import { defineEventLog } from "./event-log.ts";
import { defineEvents } from "./events.ts";
import { exitCodeOf, explain } from "./exit-code.ts";
import { defineExport } from "./export.ts";
import { defineGateway } from "./gateway.ts";
import { defineHost } from "./host.ts";
import { defineInit } from "./init.ts";
import { defineInstallService } from "./install-service.ts";
import { defineLoad } from "./load.ts";
import { defineLogs } from "./logs.ts";
import { defineMetrics } from "./metrics.ts";
import { defineNodes } from "./nodes.ts";
import { defineOpenApi } from "./openapi.ts";
import { packageInfo } from "./package-info.ts";
import { definePs } from "./ps.ts";
import { defineReload } from "./reload.ts";
import { defineRoutes } from "./routes.ts";
import { defineSagas } from "./sagas.ts";
import { defineScale } from "./scale.ts";
import { defineServe } from "./serve.ts";
import { defineSidecar } from "./sidecar.ts";
import { defineTrace } from "./trace.ts";
import { defineUp } from "./up.ts";

/** The whole command line. */
export function createProgram(): Command {
  const program = new Command("dure")
    .description("From one process to a fleet without a rewrite.")
    .version(packageInfo().version)
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", examples);
  for (const define of [
    defineInit,
    defineAdd,
    defineDev,
    defineUp,
    defineServe,
    defineSidecar,
    defineCluster,
    defineGateway,
    defineDistributor,
    defineEventLog,
    defineConsole,
    defineDown,
    definePs,
    defineLogs,
    defineTrace,
    defineLoad,
    defineMetrics,
    defineReload,
    defineScale,
    defineNodes,
    defineCall,
    defineEvents,
    defineSagas,
    defineRoutes,
    defineExport,
    defineOpenApi,
    defineConfigCommand,
    defineCerts,
    defineDoctor,
    defineApiKey,
    defineInstallService,
    defineHost,
  ]) {
    define(program);
  }
  return program;
}

/** Runs a command and sets the process's exit code. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
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
