import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../bench/harness/free-port.ts";
import { until } from "../../support/until.ts";

/** A server of a test's own: it can be killed, and comes back with the same port and data. */
export interface OwnServer {
  readonly port: number;
  /** Of its files. */
  readonly folder: string;
  /** With SIGKILL, and starts it again. */
  killAndRestart(whileDown?: () => void): Promise<void>;
  /** Stops it where it is, as a machine that hangs: it accepts connections, and answers nothing. */
  freeze(): void;
  /** It goes on where it was. */
  thaw(): void;
  close(): Promise<void>;
}

/** Starts a program in a folder of its own. Resolves when it accepts connections. */
export async function startServer(
  command: (at: { port: number; secondPort: number; folder: string }) => [string, ...string[]],
): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), "dure-engine-"));
  const port = await freePort();
  const secondPort = await freePort();
  const [program, ...parameters] = command({ port, secondPort, folder });
  let child: ChildProcess;
  const start = async () => {
    child = spawn(program, parameters, { cwd: folder, stdio: "ignore" });
    await until(`${program} answers`, () => accepts(port), 60_000);
  };
  const kill = async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  await start();
  return {
    port,
    folder,
    async killAndRestart(whileDown = () => {}) {
      await kill();
      whileDown();
      await start();
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    async close() {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.on("connect", () => settle(true)).on("error", () => settle(false));
  });
}
