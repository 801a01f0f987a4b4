/**
 * The log's storage in Redis: each topic a stream, and what groups leave in hashes. It is as safe as the server's own settings say,
 * which are read and told when the log starts. One connection, which holds a lock: a second log on the same database is refused.
 */
import { DureError } from "../../kit/index.ts";
import { type Engine, type EngineSession, openEngineStorage } from "../engine/engine-storage.ts";
import { LogBook } from "../engine/log-book.ts";
import type { Storage } from "../storage/storage.ts";
import { FencedWrites } from "./fenced-writes.ts";
import { entriesOf, type RedisClient, type Send } from "./redis-client.ts";
import { RedisLock } from "./redis-lock.ts";
import { RedisLog } from "./redis-log.ts";

export type { RedisClient };

/** What {@link openRedisStorage} takes. */
export interface RedisStorageOptions {
  /**
   * Makes a connected client that does not connect again by itself, since the log does: `() => createClient({ url, disableOfflineQueue: true,
   * socket: { reconnectStrategy: false } }).on("error", () => {}).connect()`.
   */
  connect(): Promise<RedisClient>;
}

/**
 * Rejects with ALREADY_EXISTS while another process has the log, FAILED_PRECONDITION where the server may evict events, UNAVAILABLE
 * without a server.
 */
export function openRedisStorage({ connect }: RedisStorageOptions): Promise<Storage> {
  const book = new LogBook();
  const engine = {
    name: "Redis",
    durability: "",
    codeOf,
    async open(onLost: () => void) {
      const client = await connect();
      const send: Send = (...words) => client.sendCommand([...words]);
      try {
        engine.durability = await durabilityOf(send);
        return await openSession(client, { send, book, onLost });
      } catch (thrown) {
        destroy(client);
        throw thrown;
      }
    },
  } satisfies Engine;
  return openEngineStorage(engine);
}

interface SessionOptions {
  readonly send: Send;
  readonly book: LogBook;
  readonly onLost: () => void;
}

async function openSession(
  client: RedisClient,
  { send, book, onLost }: SessionOptions,
): Promise<EngineSession> {
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    renewing?.cancel();
    destroy(client);
    onLost();
  };
  client.on("error", end);
  client.on("end", end);
  const lock = await RedisLock.take(send);
  const renewing = lock.keep(end);
  const writes = new FencedWrites(send, lock.value, end);
  const log = new RedisLog({ send, writes, book, incarnation: lock.token });
  await log.load();
  // The server's file may end within a transaction. Redis (7.0.15) cuts off the command that is torn and leaves those before it: at the
  // next start they would happen after all, in place of what was stored since. A file that is written anew has none of them.
  if (lock.isAfterCrash) await send("BGREWRITEAOF").catch(() => undefined);
  return {
    opening: lock.token,
    write: (calls) => log.write(calls),
    read: (call) => log.read(call),
    async close() {
      isOver = true;
      renewing.cancel();
      await lock.release();
      destroy(client);
    },
  };
}

/** Clients differ in whether closing what is closed already is an error. */
function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {}
}

/** Reads the settings that decide over what is lost. Where the server keeps them to itself, as hosted ones do, it says that. */
async function durabilityOf(send: Send): Promise<string> {
  const settings = new Map<string, string>();
  for (const name of ["appendonly", "appendfsync", "maxmemory-policy"])
    for (const [key, value] of entriesOf(await send("CONFIG", "GET", name).catch(() => [])))
      settings.set(key, value);
  const policy = settings.get("maxmemory-policy");
  if (policy?.startsWith("allkeys"))
    throw new DureError(
      "FAILED_PRECONDITION",
      `this Redis server has maxmemory-policy ${policy}, which drops events in silence; set it to noeviction`,
    );
  const failover = "a failover to a replica may lose the last moments";
  const setting = settings.get("appendonly") === "yes" ? settings.get("appendfsync") : "none";
  if (!settings.has("appendonly"))
    return `what is acknowledged is as safe as the Redis server's appendonly and appendfsync, which it does not tell; ${failover}`;
  return `${explanations[setting ?? "none"]}; ${failover}`;
}

/** By `appendfsync` (redis.conf). */
const explanations: Readonly<Record<string, string>> = {
  always:
    "what is acknowledged is synced to the Redis server's disk (appendfsync always), and lost with that disk",
  everysec:
    "what is acknowledged is synced to the Redis server's disk within about a second (appendfsync everysec): a crash loses up to two seconds",
  no: "what is acknowledged is on the Redis server's disk when its operating system writes it (appendfsync no): a crash of that machine loses about half a minute",
  none: "what is acknowledged is in the Redis server's memory (appendonly no): when the server ends, all since its last snapshot is lost",
};

/** MISCONF: the disk is full or cannot be written (Redis, server.c). */
function codeOf(thrown: unknown): "RESOURCE_EXHAUSTED" | "UNAVAILABLE" {
  return /^(OOM|MISCONF)/.test((thrown as Error).message) ? "RESOURCE_EXHAUSTED" : "UNAVAILABLE";
}
