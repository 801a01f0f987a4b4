import type { Command } from "commander";
import { runHost } from "./host/run-host.ts";

/** `dure host`: what the supervisor starts. Hidden: it cannot run without one. */
export function defineHost(program: Command): void {
  program
    .command("host", { hidden: true })
    .description("one process of a fleet; started by dure up and dure dev")
    .argument("<name>", "for ps and top only")
    .action(() => runHost());
}
