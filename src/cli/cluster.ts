import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, extname, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type ClusterOfferFlags, offerOf } from "./cluster/offer.ts";
import { Cluster } from "./cluster/run-cluster.ts";
import type { Stickiness } from "./cluster/sticky.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { listOf, portOf } from "./flag-values.ts";
import { addProjectFlags, addSettingFlags } from "./project.ts";
import { dataFolderOf } from "./running-fleet.ts";

/** More clones than this on one machine is a mistake. */
const instancesMax = 64;

/** `dure cluster app.js`: any plain Node server, on all cores. */
export function defineCluster(program: Command): void {
  const command = program
    .command("cluster")
    .description("run a plain Node server in several processes that share its port")
    .argument("<file>", "the program, as it would be given to node")
    .argument("[args...]", "its arguments")
    .passThroughOptions()
    .option("-i, --instances <number>", "how many; max: one for each core", instancesOf, 0)
    .addOption(
      new Option("--sticky <by>", "a client stays with one process").choices(["address", "cookie"]),
    )
    .option(
      "--trusted-proxies <list>",
      "addresses and networks whose X-Forwarded-For is believed, as 10.0.0.7,10.1.0.0/16",
    )
    .option("--name <name>", "what the clones are called (default: the file's name)")
    .option("--urls <list>", 'what it offers to the mesh, as "GET /legacy/*,POST /legacy/*"')
    .option("--public <list>", "those of them that need no sign-in at the gateway")
    .option("--mesh-port <number>", "port other nodes call it on; 0 takes any free one", portOf)
    .option("--slot <name>", "stable label of this cluster (default: its and the machine's name)");
  addProjectFlags(addSettingFlags(command, offerSettings))
    .addHelpText("after", examples)
    .action(cluster);
}

/** Settings that only a cluster in the mesh needs. */
const offerSettings = ["distributors", "host", "logs.level"];

interface ClusterFlags extends ClusterOfferFlags {
  readonly instances: number;
  readonly name?: string;
  readonly sticky?: Stickiness["by"];
  readonly trustedProxies?: string;
}

async function cluster(file: string, args: readonly string[], flags: ClusterFlags): Promise<void> {
  const path = resolve(file);
  if (!existsSync(path)) throw new CommandError(`there is no file ${path}`, exitCodes.usage);
  const name = flags.name ?? basename(path, extname(path));
  const running = new Cluster({
    name,
    file: path,
    args,
    instances: flags.instances || availableParallelism(),
    sticky: stickinessOf(flags),
    dataFolder: dataFolderOf(flags),
    offer: await offerOf(name, flags),
  });
  await running.start();
}

function stickinessOf({ sticky, trustedProxies }: ClusterFlags): Stickiness | undefined {
  if (sticky) return { by: sticky, trustedProxies: listOf(trustedProxies ?? "") };
  if (trustedProxies === undefined) return undefined;
  throw new CommandError("--trusted-proxies is for --sticky: add that too", exitCodes.usage);
}

function instancesOf(text: string): number {
  if (text === "max") return 0;
  if (/^[1-9]\d?$/.test(text) && Number(text) <= instancesMax) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${instancesMax}, or max.`);
}

const examples = `
Examples:
  $ dure cluster app.js
  $ dure cluster -i 4 --sticky cookie server.mjs --verbose
  $ dure cluster --sticky address --trusted-proxies 10.0.0.7 app.js
  $ dure cluster --name legacy --urls "GET /legacy/*" --join 10.0.0.1:9100 app.js
  $ dure reload                             new code, without a request lost; so does SIGUSR2

Each clone finds its name (app-1) in DURE_INSTANCE.`;
