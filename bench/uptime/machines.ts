import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHosts } from "../harness/hosts.ts";
import { type ProgramOptions, startProgram } from "../harness/processes.ts";
import { appConfig, dureCommand, linesOf, type RunningSystem, untilAnswers } from "./systems.ts";

const seed = 1;
const gatewayPort = 8080;

/** A mesh over three machines, asked at the first. */
export type Machines = Pick<RunningSystem, "host" | "port" | "executed" | "stop"> & {
  /** Pulls the third one's cable; nobody is told. */
  loseOne(): Promise<void>;
};

/** Three network namespaces with `dure up` on each. Rejects without root, `ip` or `python3`. */
export async function startMachines(): Promise<Machines> {
  const { hosts, close } = await createHosts(3, seed);
  const home = mkdtempSync(join(tmpdir(), "dure-uptime-"));
  const [first, , third] = hosts;
  if (!first || !third) throw new Error("three machines were asked for");
  const folders = hosts.map(({ name }) => join(home, name));
  for (const [index, host] of hosts.entries()) {
    const [command = "", ...args] = host.on([
      process.execPath,
      ...dureCommand,
      ...["up", "--config", appConfig, "--profile", "machines", "--host", host.address],
      ...(host === first ? [] : ["--join", `${first.address}:9100`]),
    ]);
    const env = {
      PORT: String(gatewayPort),
      DURE_DISTRIBUTOR_PORT: "9100",
      DURE_DATA: folders[index] ?? "",
      DURE_TOKEN: "a token of the benchmark, not a secret",
      NODE_ENV: "production",
    };
    const options: ProgramOptions = { env, isQuiet: true, host: host.address };
    await startProgram(command, args, gatewayPort, options);
    await untilAnswers({ host: host.address, port: gatewayPort });
  }
  return {
    host: first.address,
    port: gatewayPort,
    executed: () => folders.flatMap((folder) => linesOf(join(folder, "executed"))),
    loseOne: () => third.cable({ isCut: true }),
    async stop() {
      await close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
