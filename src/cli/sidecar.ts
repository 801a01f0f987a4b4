import type { Command } from "commander";
import { DureError } from "../kit/index.ts";
import { startSidecar } from "../sidecar/index.ts";
import { portOf } from "./flag-values.ts";
import { type OfferFlags, offerOptions } from "./offer-options.ts";
import { programEnvironment } from "./program-environment.ts";
import { addProjectFlags, addSettingFlags, loadProject, type ProjectFlags } from "./project.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";

interface SidecarFlags extends ProjectFlags, OfferFlags {
  readonly name: string;
  readonly port?: number;
  readonly health?: string;
}

/** `dure sidecar -- PROGRAM`: a program in any language as a service of the mesh. */
export function defineSidecar(program: Command): void {
  const command = program
    .command("sidecar")
    .description("run a program written in any language as a service of the mesh")
    .argument("<command...>", "the program and its arguments, after --")
    .requiredOption("--name <name>", "the service's name")
    .requiredOption("--urls <list>", 'what it offers, as "GET /reviews,POST /reviews"')
    .option("--public <list>", "those of them that need no sign-in at the gateway")
    .option(
      "--port <number>",
      "the program's port, told to it as PORT (default: any free one)",
      portOf,
    )
    .option(
      "--health <path>",
      "a path that answers 200 to 399 once it is healthy (default: it accepts connections)",
    )
    .option("--mesh-port <number>", "port other nodes call it on; 0 takes any free one", portOf, 0)
    .option("--slot <name>", "stable label of this instance (default: service and machine name)");
  addProjectFlags(addSettingFlags(command, ["distributors", "host", "logs.level"]))
    .addHelpText("after", examples)
    .action(sidecar);
}

async function sidecar(command: readonly string[], flags: SidecarFlags): Promise<void> {
  const [file, ...args] = command;
  if (file === undefined) throw new DureError("INVALID_ARGUMENT", "name the program after --");
  const project = await loadProject(flags, { isOptional: true });
  const { name } = flags;
  const offer = await offerOptions(project, name, flags);
  const running = await startSidecar({
    ...offer,
    command: [file, ...args],
    environment: programEnvironment(project.dataFolder),
    appPort: flags.port,
    healthPath: flags.health,
    onLine: (line) => void print(line),
  });
  stopOnSignal(() => running.close());
  await print(
    `ready: ${name} at ${offer.host}:${running.node.port}, joining ${offer.distributors.map(({ host, port }) => `${host}:${port}`).join(", ")}`,
  );
}

const examples = `
Examples:
  $ dure sidecar --name reviews --urls "GET /reviews,POST /reviews" --public "GET /reviews" -- python3 reviews.py
  $ dure sidecar --name thumbnails --urls "GET /thumbnails/:id" --health /healthz --join 10.0.0.1:9100 -- ./thumbnails

The program listens on 127.0.0.1 at the port in PORT. It calls others at $DURE_URL/call/<service>/<operation>, with
"Authorization: Bearer $DURE_REQUEST_TOKEN", passing on the header Dure-Request of the request it is serving.`;
