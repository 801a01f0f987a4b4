/** The log's keys. Their hash tag keeps them in one slot of a cluster, so that a script may use them together (Redis Cluster specification). */
export const keys = {
  /** Who has the log: its token, the server's run and the connection; gone when it is not renewed. */
  lock: "{dure}:lock",
  /** How often the log has been opened. */
  incarnation: "{dure}:incarnation",
  /** By topic: its state as JSON. */
  topics: "{dure}:topics",
  /** By source: `[epoch, seq, at]`. */
  sources: "{dure}:sources",
  /** By id: `[name, topic]`. */
  groups: "{dure}:groups",
  /** By id: a dead letter as JSON. */
  letters: "{dure}:letters",
  /** The id of the newest letter there has been. */
  letterId: "{dure}:letter-id",
  /** Ids of all letters, in their order. */
  letterIds: "{dure}:letter-ids",
  /** By `[group, topic, offset]`: the letter's id. */
  letterPlaces: "{dure}:letter-places",
  /** By `[group, topic]`: how many letters. */
  letterCounts: "{dure}:letter-counts",
  /** A stream: the event of offset n has the id n+1, since 0-0 is none. */
  events: (topic: string) => `{dure}:events:${topic}`,
  /** By lane: the group's cursor. */
  cursors: (groupId: number) => `{dure}:cursors:${groupId}`,
  /** By offset: an event that is tried again, as JSON. */
  parked: (groupId: number) => `{dure}:parked:${groupId}`,
  letterIdsOf: (group: string) => `{dure}:letter-ids:${group}`,
} as const;
