import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../../bench/harness/free-port.ts";
import { pidListeningOn, runFleet } from "../../../scripts/smoke/fleet.ts";

const run = promisify(execFile);
const cli = [process.execPath, "--conditions=dure-source", "src/cli/main.ts"];
const config = "test/browser/fixture/depot/dure.config.ts";

/** Data that a page must never take for markup. */
export const evil = `<img src=x onerror="document.title='owned'">`;

/** The depot, running in many processes, with its console; its Distributor and its event log are processes apart. */
export interface ConsoleFleet {
  /** Of the gateway. */
  readonly base: string;
  /** A URL that lets one browser in. */
  signInUrl(): Promise<string>;
  /** Sends an order that billing cannot read. */
  placeUnbillable(id: string): Promise<void>;
  killDistributor(): void;
  /** Kills the console's process; the supervisor starts another on the same port. */
  killConsole(): void;
  stop(): Promise<void>;
}

/** Starts it all on free ports and in a folder of its own. */
export async function startConsoleFleet(): Promise<ConsoleFleet> {
  const data = mkdtempSync(join(tmpdir(), "dure-depot-"));
  const [port, distributorPort, consolePort] = [
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const env = {
    PORT: String(port),
    DURE_DATA: data,
    DURE_DISTRIBUTOR_PORT: String(distributorPort),
    DURE_CONSOLE_PORT: String(consolePort),
  };
  const start = (command: string, more: Record<string, string> = {}) =>
    runFleet([...cli, command, "--config", config], {
      cwd: process.cwd(),
      env: { ...env, ...more },
    });
  const distributor = await start("distributor");
  const joined = { DURE_DISTRIBUTORS: `127.0.0.1:${distributorPort}` };
  const eventLog = await start("eventlog", joined);
  const fleet = await start("up", joined);
  const base = `http://127.0.0.1:${port}`;
  return {
    base,
    async signInUrl() {
      const [command = "", ...args] = [...cli, "console", "--config", config];
      const { stdout } = await run(command, args, { env: { ...process.env, ...env } });
      return stdout.trim();
    },
    async placeUnbillable(id) {
      const body = JSON.stringify({ id, note: evil, amount: -1 });
      const headers = { "content-type": "application/json" };
      const { status } = await fetch(`${base}/orders`, { method: "POST", headers, body });
      if (status !== 201) throw new Error(`the order was answered with ${status}`);
    },
    killConsole: () => process.kill(pidListeningOn(consolePort, fleet.leaderPid), "SIGKILL"),
    killDistributor: () => process.kill(distributor.leaderPid, "SIGKILL"),
    async stop() {
      await fleet.stop();
      await eventLog.stop();
      try {
        process.kill(distributor.leaderPid, "SIGKILL");
      } catch {
        // Killed by a test already.
      }
      rmSync(data, { recursive: true, force: true });
    },
  };
}
