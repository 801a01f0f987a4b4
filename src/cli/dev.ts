import { dirname, relative, sep } from "node:path";
import { watch } from "chokidar";
import type { Command } from "commander";
import { afterInBackground, asError, type Timer } from "../kit/index.ts";
import { type ConfiguredProject, choosePorts } from "./fleet/choose-ports.ts";
import { withoutMissingPrograms } from "./fleet/missing-programs.ts";
import { gatewayUrl, planDev } from "./fleet/plan.ts";
import { Fleet } from "./fleet/run-fleet.ts";
import { addProjectFlags, addSettingFlags, type ProjectFlags } from "./project.ts";
import { fleetSettings, loadConfigured } from "./up.ts";

/** An editor writes several files at once; one restart is enough. In ms. */
const settleMs = 100;

/** `dure dev`: the project as a monolith, restarted when a file changes. */
export function defineDev(program: Command): void {
  const command = program
    .command("dev")
    .description("run everything in one process, restarted when a file changes");
  addProjectFlags(addSettingFlags(command, fleetSettings))
    .addHelpText("after", examples)
    .action(dev);
}

async function dev(flags: ProjectFlags): Promise<void> {
  let project = await loadConfigured(flags);
  const input = await choosePorts(project);
  const here = ({ config }: ConfiguredProject) =>
    withoutMissingPrograms(config, process.env.PATH ?? "", (text) =>
      fleet.output.note("dev", text),
    );
  const fleet = new Fleet({
    mode: "dev",
    input,
    project: () => project,
    names: ["dev"],
    place: (name) => ({
      name,
      kind: name,
      isReloaded: true,
      stopRank: 0,
      reload: "replace",
      drainMs: undefined,
      memoryBytesMax: undefined,
      spec: () => planDev({ ...input, config: here(project) }),
    }),
    kinds: [],
    // A process that cannot start is started again by the next change, not by a timer.
    policy: {
      crashLoopFailures: 1,
      crashLoopDelayMs: Number.POSITIVE_INFINITY,
      silenceMsMax: Number.POSITIVE_INFINITY,
      stopMsMax: 3_000,
    },
    readyLine: (startedInMs) =>
      `ready in ${(startedInMs / 1_000).toFixed(1)} s: ${input.config.name} is at ${gatewayUrl(input)}   (watching for changes; Ctrl-C stops it)`,
    isGivenUp: false,
    isQuietOnceReady: false,
  });
  await fleet.start();
  watchProject(project, async (changed) => {
    fleet.output.note("dev", `${changed} changed`);
    try {
      project = await loadConfigured(flags, true);
      fleet.restart("dev");
    } catch (thrown) {
      fleet.output.note("dev", `${asError(thrown).message}\nwaiting for the next change`);
    }
  });
}

/** Calls `onChange` with the path of a file that changed, once for all changes of a moment. */
function watchProject(
  { configPath, dataFolder }: ConfiguredProject,
  onChange: (changed: string) => void,
): void {
  const root = dirname(configPath);
  const isIgnored = (path: string) => {
    if (path === dataFolder || path.startsWith(dataFolder + sep)) return true;
    return relative(root, path)
      .split(sep)
      .some((part) => part === "node_modules" || (/^\../.test(part) && !part.startsWith(".env")));
  };
  let timer: Timer | undefined;
  watch(root, { ignored: isIgnored, ignoreInitial: true }).on("all", (event, path) => {
    if (event === "addDir" || !isSource(path)) return;
    timer?.cancel();
    timer = afterInBackground(settleMs, () => onChange(relative(root, path)));
  });
}

/** Databases and logs that a service writes are no reason to restart it. */
function isSource(path: string): boolean {
  return /\.(ts|mts|js|mjs|py|json|html|css|sql|svg)$|(^|[\\/])\.env[^\\/]*$/.test(path);
}

const examples = `
Examples:
  $ dure dev
  $ PORT=3000 dure dev`;
