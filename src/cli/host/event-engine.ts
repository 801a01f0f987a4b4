/** Opens the engine that a URL names. Engines' clients are loaded only where they are used. */
import { engineStorages, type Storage } from "../../events/index.ts";
import { DureError } from "../../kit/index.ts";

type OpenEngine = (url: string) => Promise<Storage>;

const engines: Readonly<Record<string, OpenEngine>> = {
  "amqp:": openRabbitmq,
  "amqps:": openRabbitmq,
  "postgres:": openPostgres,
  "postgresql:": openPostgres,
  "redis:": openRedis,
  "rediss:": openRedis,
  "nats:": openNats,
  "tls:": openNats,
};

/** Rejects with FAILED_PRECONDITION where its client is not installed, INVALID_ARGUMENT for a URL of no engine. */
export function openEngine(url: string): Promise<Storage> {
  const open = engines[new URL(url).protocol];
  if (open) return open(url);
  const message = `events.url: ${new URL(url).protocol} is no engine; the engines are ${Object.keys(engines).join(", ")}`;
  throw new DureError("INVALID_ARGUMENT", message);
}

async function openPostgres(url: string): Promise<Storage> {
  const openPostgresStorage = await engineStorages.postgres();
  const { default: pg } = await import("pg").catch(notInstalled("pg"));
  return openPostgresStorage({
    async connect() {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return client;
    },
  });
}

async function openRabbitmq(url: string): Promise<Storage> {
  const openRabbitmqStorage = await engineStorages.rabbitmq();
  const { default: amqp } = await import("amqplib").catch(notInstalled("amqplib"));
  const target = new URL(url);
  // A connection that is dead is noticed after twice this time, in seconds; the server's default is a minute.
  if (!target.searchParams.has("heartbeat")) target.searchParams.set("heartbeat", "10");
  return openRabbitmqStorage({ connect: () => amqp.connect(target.href) });
}

async function openRedis(url: string): Promise<Storage> {
  const openRedisStorage = await engineStorages.redis();
  const { createClient } = await import("@redis/client").catch(notInstalled("@redis/client"));
  return openRedisStorage({
    async connect() {
      const client = createClient({
        url,
        disableOfflineQueue: true,
        socket: { reconnectStrategy: false },
      });
      // Told by the command that fails.
      client.on("error", () => {});
      return client.connect();
    },
  });
}

async function openNats(text: string): Promise<Storage> {
  const openNatsStorage = await engineStorages.nats();
  const [{ connect }, { jetstream, jetstreamManager }] = await Promise.all([
    import("@nats-io/transport-node").catch(notInstalled("@nats-io/transport-node")),
    import("@nats-io/jetstream").catch(notInstalled("@nats-io/jetstream")),
  ]);
  const url = new URL(text);
  // What the server tells of its cluster: the one in the URL may be down when the log connects again.
  let others: string[] = [];
  return openNatsStorage({
    stream: url.pathname.slice(1) || undefined,
    async connect() {
      const connection = await connect({
        servers: [url.host, ...others],
        ...(url.protocol === "tls:" ? { tls: {} } : {}),
        ...credentialsIn(url),
        reconnect: false,
        pingInterval: 10_000,
      });
      others = connection.info?.connect_urls ?? [];
      const manager = await jetstreamManager(connection, { checkAPI: false });
      return { connection, jetstream: jetstream(connection), manager };
    },
  });
}

/** `user:password@`, or `token@`. */
function credentialsIn({ username, password }: URL) {
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  if (user === "") return {};
  return pass === "" ? { token: user } : { user, pass };
}

function notInstalled(name: string) {
  return () => {
    const message = `events.url needs the package ${name}; install it: npm install ${name}`;
    throw new DureError("FAILED_PRECONDITION", message);
  };
}
