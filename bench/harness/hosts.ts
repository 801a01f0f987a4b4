/**
 * Machines on one machine: network namespaces with a name and an address each, on a switch that can lose, delay and cut (Linux, root).
 * A delay differs from frame to frame, so that frames overtake each other, as on long ways they do.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** What the cable of a host does to frames in both directions. What is left out is as on a good one. */
export interface Cable {
  /** Least and most, in ms each way. */
  readonly delayMs?: readonly [number, number];
  /** Share of frames. */
  readonly loss?: number;
  /** Nothing passes, and nobody is told. */
  readonly isCut?: boolean;
}

/** A machine. */
export interface Host {
  /** What programs on it see as the machine's name. */
  readonly name: string;
  readonly address: string;
  /** The command that runs `command` on it. It becomes that very process. */
  on(command: readonly string[]): readonly string[];
  cable(cable: Cable): Promise<void>;
}

/** Whether this system can do it: Linux, root, `ip` and `python3`, TAP devices. */
export function hasHosts(): boolean {
  const programs = ["/usr/sbin/ip", "/usr/bin/unshare", "/usr/bin/python3"];
  return (
    process.getuid?.() === 0 && [...programs, "/dev/net/tun"].every((path) => existsSync(path))
  );
}

/** Machines on one switch. */
export interface Hosts {
  readonly hosts: readonly Host[];
  /** Ends what still runs on them, and takes them away. */
  close(): Promise<void>;
}

/** Sets machines up, and connects this process to their switch. `seed` decides which frames are lost. */
export async function createHosts(count: number, seed: number): Promise<Hosts> {
  // Names of devices have at most 15 characters, and other runs may have machines too.
  const prefix = `du${process.pid.toString(36)}`;
  const network = `10.${64 + (process.pid % 128)}.${(process.pid >> 7) % 256}`;
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
  const own = `${prefix}-0`;
  const python = spawn(
    "/usr/bin/python3",
    [join(import.meta.dirname, "switch.py"), String(seed), ...names, own],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(python, "exit");
  // Also when this process ends early: a namespace outlives whoever made it.
  const takeAway = () => {
    python.kill();
    for (const name of names) removeHost(name);
  };
  process.once("exit", takeAway);
  const close = async () => {
    process.off("exit", takeAway);
    takeAway();
    await ended;
  };
  const answers = createInterface({ input: python.stdout });
  const obey = async (port: number, cable: Cable) => {
    const obeyed = once(answers, "line");
    python.stdin.write(`${JSON.stringify({ port, ...cable })}\n`);
    await obeyed;
  };
  try {
    const early = ended.then(() =>
      Promise.reject(new Error("the switch ended; see its lines above")),
    );
    await Promise.race([once(answers, "line"), early]);
    ip("address", "add", `${network}.100/24`, "dev", own);
    ip("link", "set", own, "up");
    const hosts = names.map((name, port): Host => {
      const address = `${network}.${port + 1}`;
      connectHost(name, address);
      return {
        name,
        address,
        on: (command) => onHost(name, command),
        cable: (cable) => obey(port, cable),
      };
    });
    return { hosts, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function onHost(name: string, command: readonly string[]): readonly string[] {
  return [
    ...["/usr/sbin/ip", "netns", "exec", name, "/usr/bin/unshare", "--uts"],
    ...["sh", "-c", `hostname ${name}; exec "$@"`, "sh", ...command],
  ];
}

/** As on machines with containers there is a network of the same address on each, and it comes first. */
function connectHost(name: string, address: string): void {
  ip("netns", "add", name);
  ip("-n", name, "link", "add", "docker0", "type", "veth", "peer", "name", "inside");
  ip("-n", name, "address", "add", "172.17.0.1/16", "dev", "docker0");
  ip("link", "set", name, "netns", name);
  ip("-n", name, "address", "add", `${address}/24`, "dev", name);
  for (const device of ["lo", "docker0", "inside", name])
    ip("-n", name, "link", "set", device, "up");
}

/** Ends whatever runs on it, which would keep it alive. */
function removeHost(name: string): void {
  if (!existsSync(`/run/netns/${name}`)) return;
  const pids = execFileSync("/usr/sbin/ip", ["netns", "pids", name], { encoding: "utf8" });
  for (const pid of pids.split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
  ip("netns", "delete", name);
}

function ip(...args: string[]): void {
  execFileSync("/usr/sbin/ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
