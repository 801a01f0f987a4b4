/** What the machine must offer: a Node that fits, a folder that takes files, ports, and a clock that is right. */
import { accessSync, constants, mkdirSync, statfsSync, statSync } from "node:fs";
import { wallTime } from "../../kit/index.ts";
import { type FleetFile, runningFleet } from "../../supervisor/index.ts";
import { CommandError } from "../exit-code.ts";
import { entryFile } from "../package-info.ts";
import { findPort } from "../port-taken.ts";
import type { Project } from "../project.ts";
import { type Finding, finding } from "./finding.ts";

/** With less free space the event log, databases and logs soon have none. 512 MiB. */
const freeBytesMin = 512 * 2 ** 20;

/** The version was checked before anything was loaded; here it is told. */
export function checkNode(): Finding {
  return finding("node", "good", `${process.versions.node} (${process.execPath})`);
}

/** Whether the state folder can be written, and has room. */
export function checkFolder({ dataFolder }: Project): Finding {
  try {
    mkdirSync(dataFolder, { recursive: true });
    accessSync(dataFolder, constants.W_OK);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const remedy = "make it writable for this user, or set DURE_DATA to another";
    return finding("state folder", "bad", `${dataFolder} cannot be written (${code}); ${remedy}`);
  }
  const { bavail, bsize } = statfsSync(dataFolder);
  const free = `${Math.round((bavail * bsize) / 2 ** 20)} MiB free`;
  if (bavail * bsize >= freeBytesMin)
    return finding("state folder", "good", `${dataFolder}, ${free}`);
  return finding("state folder", "doubtful", `${dataFolder} has only ${free}; make room`);
}

/** This program's own files were not written in the future. */
export function checkClock(): Finding {
  const { mtimeMs } = statSync(entryFile());
  const now = new Date(wallTime()).toISOString();
  if (mtimeMs <= wallTime()) return finding("clock", "good", now);
  const remedy = "set it, and keep it right with NTP: certificates and tokens are judged by it";
  return finding("clock", "bad", `${now} is before dure was installed; ${remedy}`);
}

/** The fleet that runs here, if one does: its ports are taken with good reason. */
export async function checkPorts({ config, dataFolder }: Project): Promise<Finding[]> {
  const fleet: FleetFile | undefined = await runningFleet(dataFolder);
  if (fleet) {
    return [finding("fleet", "good", `runs here, process ${fleet.pid}, at ${fleet.gateway}`)];
  }
  const { gateway, distributor, distributors, host, console } = config;
  const wanted = [
    { option: "gateway.port", host: gateway.host, port: gateway.port } as const,
    ...(distributors.length > 0
      ? []
      : [{ option: "distributor.port", host, port: distributor.port } as const]),
    ...(console.enabled
      ? [{ option: "console.port", host: console.host, port: console.port } as const]
      : []),
  ];
  return Promise.all(
    wanted.map(async ({ option, host, port }) => {
      const found = await findPort(option, host, port);
      if (found instanceof CommandError) return finding(option, "bad", found.message);
      return finding(option, "good", port === 0 ? "any free port" : `${host}:${port} is free`);
    }),
  );
}
