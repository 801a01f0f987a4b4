/** The part of a client of `@redis/client`, or `redis`, that is used: connected, and without reconnection of its own. */
export interface RedisClient {
  sendCommand(words: string[]): Promise<unknown>;
  /** Closes the connection at once. */
  destroy(): void;
  on(event: "error" | "end", listener: (error?: Error) => void): unknown;
}

/** Runs one command. */
export type Send = (...words: readonly string[]) => Promise<any>;

/** What a hash or a map of the server holds: a list in RESP2, an object in RESP3. */
export function entriesOf(reply: unknown): [string, string][] {
  if (!Array.isArray(reply)) return Object.entries(reply as Record<string, string>);
  return Array.from({ length: reply.length / 2 }, (_, index) => [
    reply[2 * index],
    reply[2 * index + 1],
  ]);
}
