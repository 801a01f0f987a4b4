/** Whether a port is free, and who has it if not. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";

/** A free port is given back as the number that was free (for 0: any), a taken one as whoever has it, in words. */
export type PortCheck =
  | { readonly isFree: true; readonly port: number }
  | { readonly isFree: false; readonly code: string; readonly holder: string | undefined };

/** Listens for a moment. */
export function checkPort(host: string, port: number): Promise<PortCheck> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const holder = error.code === "EADDRINUSE" ? holderOf(port) : undefined;
      resolve({ isFree: false, code: error.code ?? error.message, holder });
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === "object" && address ? address.port : port;
      server.close(() => resolve({ isFree: true, port: found }));
    });
  });
}

/** `process 4711 (node server.js)`, where the system tells it (Linux, own processes) and undefined where not. */
function holderOf(port: number): string | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((f) => listeners(f, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of entries("/proc").filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    if (entries(folder).some((fd) => inodes.has(linkTarget(`${folder}/${fd}`) ?? ""))) {
      return `process ${pid} (${commandOf(pid)})`;
    }
  }
  return undefined;
}

/** Sockets that listen on a port, as `socket:[inode]`; columns as in proc_pid_net(5). */
function listeners(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const listening = "0A";
  return (read(file) ?? "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === listening)
    .map((fields) => `socket:[${fields[9]}]`);
}

function commandOf(pid: string): string {
  const words = (read(`/proc/${pid}/cmdline`) ?? "").split("\0").filter((word) => word !== "");
  const command = words.join(" ");
  return command.length > 80 ? `${command.slice(0, 77)}...` : command || "unknown";
}

// Processes come and go, and other users' are closed to us: what cannot be read is not there.

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
