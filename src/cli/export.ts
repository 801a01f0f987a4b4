/** `dure export`: what the registry knows, as the configuration of a proxy before the gateways. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { Argument, type Command } from "commander";
import { afterInBackground, asError, DureError, now, sleep } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { exportFormats } from "./export/formats.ts";
import { type HttpServers, httpServers, keepingFormer } from "./export/http-servers.ts";
import { addProjectFlags, addSettingFlags, type ProjectFlags } from "./project.ts";
import { withNode } from "./reach.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { print } from "./terminal.ts";

interface ExportFlags extends ProjectFlags {
  readonly out?: string;
  readonly watch?: true;
  readonly reload?: string;
}

/** A Distributor tells its list within this time, or is not there. */
const syncMsMax = 3_000;
const lookMs = 20;
/** Changes that come together are one: a proxy's reload costs it its connections' warmth. */
const togetherMs = 200;

export function defineExport(program: Command): void {
  const command = program
    .command("export")
    .description("write the mesh's HTTP servers as the configuration of nginx or HAProxy")
    .addArgument(new Argument("<format>", "of whom").choices(Object.keys(exportFormats)))
    .option("--out <file>", "write this file in one step (default: standard output)")
    .option("--watch", "write it again at every change, until stopped; needs --out")
    .option("--reload <command>", "run by the shell when the file has changed");
  addProjectFlags(addSettingFlags(command, ["distributors"]))
    .addHelpText("after", examples)
    .action(exportServers);
}

async function exportServers(format: string, flags: ExportFlags): Promise<void> {
  const { out, watch, reload } = flags;
  if (out === undefined && (watch || reload !== undefined))
    throw new DureError(
      "INVALID_ARGUMENT",
      "--watch and --reload are for a file; name it with --out",
    );
  await withNode(flags, async (node, { mesh }) => {
    const render = (servers: HttpServers) => exportFormats[format]?.(mesh, servers) ?? "";
    await synced(node);
    const first = serversOf(node);
    if (out === undefined) return await print(render(first));
    await write(out, render(first), reload);
    if (!watch) return;
    watchServers(node, first, (servers) => write(out, render(servers), reload));
    await print(`ready: ${out} is kept up to date`);
    await new Promise(() => {});
  });
}

/** Calls `onServers` after changes, one call at a time. */
function watchServers(
  node: MeshNode,
  first: HttpServers,
  onServers: (servers: HttpServers) => Promise<void>,
): void {
  let servers = first;
  let isDue = false;
  let work = Promise.resolve();
  node.registry.onChange(() => {
    if (isDue) return;
    isDue = true;
    afterInBackground(togetherMs, () => {
      isDue = false;
      servers = keepingFormer(servers, serversOf(node));
      const current = servers;
      work = work
        .then(() => onServers(current))
        .catch((thrown) => console.error(`not written: ${asError(thrown).message}`));
    });
  });
  stopOnSignal(() => node.close());
}

function serversOf({ registry }: MeshNode): HttpServers {
  return httpServers(registry.nodes().map(({ record }) => record));
}

async function synced({ registry }: MeshNode): Promise<void> {
  const deadline = now() + syncMsMax;
  while (!registry.isSynced()) {
    if (now() > deadline)
      throw new CommandError("no Distributor tells its list", exitCodes.nobodyThere);
    await sleep(lookMs);
  }
}

/** Puts the file in its place in one step, if it is another one, and runs the command then. */
async function write(path: string, text: string, reload: string | undefined): Promise<void> {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  const unfinished = `${path}.${process.pid}.new`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
  await print(`wrote ${path}\n`);
  if (reload === undefined) return;
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(reload, { shell: true, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", () => resolve(null)).on("close", resolve);
  });
  if (code !== 0) console.error(`the reload command failed (exit code ${code}): ${reload}`);
}

const examples = `
Examples:
  $ dure export nginx
  $ dure export nginx --out /etc/nginx/conf.d/shop.conf --watch --reload "nginx -t && nginx -s reload"
  $ dure export haproxy --out /etc/haproxy/conf.d/shop.cfg --watch --reload "systemctl reload haproxy"`;
