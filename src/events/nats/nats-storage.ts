/**
 * The log's storage in NATS JetStream: one stream has events, groups and letters. The holder of the log answers to a subject, so the next
 * one knows that it is there, and follows at once when its connection is gone; that there is never more than one writer does not depend
 * on it (see {@link NatsStream}).
 */
import { DureError } from "../../kit/index.ts";
import { type Engine, type EngineSession, openEngineStorage } from "../engine/engine-storage.ts";
import { LogBook } from "../engine/log-book.ts";
import type { Storage } from "../storage/storage.ts";
import type { NatsClient, NatsStreamInfo } from "./nats-client.ts";
import { NatsLog } from "./nats-log.ts";
import { NatsStream } from "./nats-stream.ts";

export type { NatsClient };

/** What {@link openNatsStorage} takes. */
export interface NatsStorageOptions {
  /**
   * Makes a connection that does not connect again by itself, since the log does, and what JetStream needs: `async () => { const connection =
   * await connect({ servers, reconnect: false }); return { connection, jetstream: jetstream(connection), manager: await
   * jetstreamManager(connection) }; }`.
   */
  connect(): Promise<NatsClient>;
  /** The name of the log's stream, which has the subjects `<name>.>`. Made with one replica if it is missing. Default `dure`. */
  readonly stream?: string | undefined;
}

/** For whoever has the log to answer. One that does not is stopped, or its machine is gone: it cannot write any more once another has. */
const holderMs = 10_000;
/** insufficient resources, insufficient storage, store failed: a limit or the disk (nats-server, errors.json). */
const noRoom = [10023, 10047, 10077];

/**
 * Rejects with ALREADY_EXISTS while another process has the log, FAILED_PRECONDITION for a stream that drops messages by itself,
 * UNAVAILABLE without a server.
 */
export function openNatsStorage({
  connect,
  stream = "dure",
}: NatsStorageOptions): Promise<Storage> {
  const book = new LogBook();
  const engine = {
    name: "NATS",
    durability: "",
    codeOf,
    async open(onLost: () => void) {
      const client = await connect();
      const itsStream = new NatsStream(client, stream);
      try {
        await refuseSecond(client, stream);
        engine.durability = durabilityOf(await itsStream.open());
        const log = new NatsLog(itsStream, book);
        await log.open();
        return await sessionOf(log, { client, stream: itsStream, onLost });
      } catch (thrown) {
        await client.connection.close();
        throw thrown;
      }
    },
  } satisfies Engine;
  return openEngineStorage(engine);
}

interface SessionOptions {
  readonly client: NatsClient;
  readonly stream: NatsStream;
  readonly onLost: () => void;
}

async function sessionOf(
  log: NatsLog,
  { client: { connection }, stream, onLost }: SessionOptions,
): Promise<EngineSession> {
  let isClosed = false;
  const end = () => {
    if (isClosed) return;
    isClosed = true;
    onLost();
  };
  void connection.closed().then(end);
  connection.subscribe(holderOf(stream.name), {
    callback: (_, message) => void message.respond(""),
  });
  await connection.flush();
  return {
    opening: log.incarnation,
    async write(calls) {
      try {
        return await log.write(calls);
      } catch (thrown) {
        if (!(await log.isAsKnown())) await connection.close();
        throw thrown;
      }
    },
    read: (call) => log.read(call),
    async close() {
      isClosed = true;
      await connection.close();
    },
  };
}

async function refuseSecond({ connection }: NatsClient, stream: string): Promise<void> {
  const isThere = await connection
    .request(holderOf(stream), "", { timeout: holderMs })
    .then(() => true)
    .catch(() => false);
  if (!isThere) return;
  throw new DureError(
    "ALREADY_EXISTS",
    `the event log of stream ${stream} is in use by another process; a log has one process, stop the other or choose another stream`,
  );
}

/** Not one of the stream's own subjects, which would store it. */
function holderOf(stream: string): string {
  return `${stream}-holder`;
}

/** A client cannot ask for `sync_interval`. */
function durabilityOf({ config: { storage, num_replicas: replicas } }: NatsStreamInfo): string {
  if (storage === "memory")
    return "what is acknowledged is in the memory of the NATS servers that keep the stream, and lost with it";
  const synced =
    "synced to disk every sync_interval of the NATS server, 2 minutes unless it is set";
  if (replicas > 1)
    return `what is acknowledged is written by most of ${replicas} NATS servers, and ${synced}: a power cut of most of them at once loses what was not`;
  return `what is acknowledged is written by one NATS server, and ${synced}: a power cut loses what was not, a server that is killed nothing; sync_interval: always loses nothing that its disk keeps`;
}

function codeOf(thrown: unknown): "RESOURCE_EXHAUSTED" | "UNAVAILABLE" {
  const { code } = thrown as { code?: number };
  return noRoom.includes(code ?? 0) ? "RESOURCE_EXHAUSTED" : "UNAVAILABLE";
}
