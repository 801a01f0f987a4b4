import { createClient } from "@redis/client";

/** Without a queue: while Redis is away a request is refused at once, and does not wait. */
const clientOf = (url: string) => createClient({ url, disableOfflineQueue: true });

/** What is known of a client. */
export interface Session {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** So long a session lives after its last request, in s. */
const idleS = 3_600;

/**
 * Sessions as hashes in Redis. Each change is one command or one transaction there, so requests that reach several processes at once
 * do not overwrite each other, as they would by reading all, changing it, and writing it back.
 */
export class Sessions {
  readonly #redis: ReturnType<typeof clientOf>;

  /** @param url of Redis, as `redis://127.0.0.1:6379`. */
  constructor(url: string) {
    this.#redis = clientOf(url);
    this.#redis.on("error", ({ message }: Error) => console.error(`redis: ${message}`));
  }

  /** Resolves when Redis answers. */
  async connect(): Promise<void> {
    await this.#redis.connect();
  }

  async begin(id: string, fields: Readonly<Record<string, string>>): Promise<Session> {
    await this.#redis
      .multi()
      .hSet(keyOf(id), { ...fields })
      .expire(keyOf(id), idleS)
      .exec();
    return { id, fields };
  }

  /** Undefined if there is none, or no more. */
  async read(id: string): Promise<Session | undefined> {
    const key = keyOf(id);
    const found = await this.#redis.multi().hGetAll(key).expire(key, idleS).execTyped();
    return sessionOf(id, found[0]);
  }

  /** Adds to a number in it; both of two requests at the same time count. Undefined if it has ended meanwhile. */
  async add(id: string, field: string, amount: number): Promise<Session | undefined> {
    const key = keyOf(id);
    const change = this.#redis.multi().hIncrBy(key, field, amount).hGetAll(key).expire(key, idleS);
    const [, fields] = await change.execTyped();
    return sessionOf(id, fields);
  }

  async end(id: string): Promise<void> {
    await this.#redis.del(keyOf(id));
  }
}

/** What a change left of a session that had just ended has no user, and is none. */
function sessionOf(id: string, fields: Readonly<Record<string, string>>): Session | undefined {
  return fields.user === undefined ? undefined : { id, fields: { ...fields } };
}

function keyOf(id: string): string {
  return `session:${id}`;
}
