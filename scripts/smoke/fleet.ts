import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** A fleet that runs in a process group of its own. */
export interface Fleet {
  readonly leaderPid: number;
  output(): string;
  /** Ctrl-C to the leader; fails unless it exits with 0 and leaves no process behind. */
  stop(): Promise<void>;
}

/** Starts a fleet and waits (three minutes at most) for its line that starts with `ready`. */
export async function runFleet(
  [command = "", ...args]: string[],
  where: { cwd: string; env: Record<string, string> },
): Promise<Fleet> {
  const child = spawn(command, args, {
    cwd: where.cwd,
    env: { ...process.env, ...where.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exited = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const leaderPid = child.pid ?? 0;
  const isReady = () => /^ready/m.test(output);
  for (let waitedMs = 0; !isReady(); waitedMs += 100) {
    if (child.exitCode !== null) throw new Error(`it ended before it was ready:\n${output}`);
    if (waitedMs > 180_000) {
      process.kill(-leaderPid, "SIGKILL");
      throw new Error(`not ready within three minutes:\n${output}`);
    }
    await pause(100);
  }
  return {
    leaderPid,
    output: () => output,
    async stop() {
      process.kill(leaderPid, "SIGINT");
      const code = await Promise.race([exited, pause(30_000, "late" as const, { ref: false })]);
      const left = groupMembers(leaderPid);
      const told = left.map((pid) => `${pid} ${commandOf(pid)}`);
      for (const pid of left) process.kill(pid, "SIGKILL");
      assert.equal(code, 0, `exit code ${code} after SIGINT:\n${output.slice(-4_000)}`);
      assert.deepEqual(told, [], `processes were left behind:\n${output.slice(-4_000)}`);
    },
  };
}

/** The command line of a process; empty for one that is gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

/** The processes of a group, from /proc. */
function groupMembers(groupId: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return Number(fields[2]) === groupId && fields[0] !== "Z";
      } catch {
        return false;
      }
    });
}

async function api(base: string, path: string, init: RequestInit & { token?: string } = {}) {
  const headers: Record<string, string> = { ...(init.headers as Record<string, string>) };
  if (init.token) headers.authorization = `Bearer ${init.token}`;
  if (init.body) headers["content-type"] = "application/json";
  const response = await fetch(base + path, { ...init, headers });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

/** A shopper's road through the public API, the second half of it without a Distributor. */
export async function checkShop(
  base: string,
  fleet: Fleet,
  distributorPort: number,
): Promise<void> {
  const member = { username: `kim${process.pid}${Date.now()}`, password: "correct horse battery" };
  const signedUp = await api(base, "/members", { method: "POST", body: JSON.stringify(member) });
  assert.equal(signedUp.status, 201, JSON.stringify(signedUp.body));
  const session = await api(base, "/sessions", { method: "POST", body: JSON.stringify(member) });
  assert.equal(session.status, 201, JSON.stringify(session.body));
  const token: string = session.body.token;

  const list = await api(base, "/products?limit=5");
  assert.equal(list.status, 200);
  assert.equal(list.body.items.length, 5);
  const [product] = list.body.items;

  const distributorPid = pidListeningOn(distributorPort, fleet.leaderPid);
  process.kill(distributorPid, "SIGKILL");
  for (let index = 0; index < 50; index += 1) {
    assert.equal((await api(base, `/products/${product.id}`)).status, 200, "without a Distributor");
  }

  const put = await api(base, `/cart/items/${product.id}`, {
    method: "PUT",
    body: JSON.stringify({ quantity: 2 }),
    token,
  });
  assert.ok(put.status === 200 || put.status === 204, JSON.stringify(put.body));
  const cart = await api(base, "/cart", { token });
  assert.equal(cart.body.total, product.price * 2);
  const checkout = () =>
    api(base, "/checkout", { method: "POST", headers: { "idempotency-key": "smoke-1" }, token });
  const bought = await checkout();
  assert.equal(bought.status, 201, JSON.stringify(bought.body));
  assert.deepEqual(await checkout(), bought, "the same key gives the same answer");
  const purchases = await api(base, "/purchases", { token });
  assert.equal(purchases.body.items.length, 1);
  // The search service has its copy from events: it comes a moment later.
  for (let tries = 0; ; tries += 1) {
    const found = await api(base, `/search?q=${encodeURIComponent(product.name)}`);
    if (found.body.items.some((item: { id: number }) => item.id === product.id)) break;
    assert.ok(tries < 100, "the product is not found");
    await pause(100);
  }
}

/** The member of the fleet's group that listens on a port, from /proc. */
export function pidListeningOn(port: number, groupId: number): number {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const inode = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === "0A")?.[9];

  for (const pid of groupMembers(groupId)) {
    const holds = readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false;
      }
    });
    if (holds) return pid;
  }
  throw new Error(`no process of the fleet listens on port ${port}`);
}
