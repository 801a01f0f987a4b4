/** The part of a client of `@redis/client`, or `redis`, that is used. Commands must fail while it has no connection, not wait. */
export interface GatewayRedis {
  sendCommand(words: string[]): Promise<unknown>;
  /** Closes the connection at once. */
  destroy(): void;
}
