/** Events and sagas as the console shows them. Times are in ms since 1970. */
import { z } from "zod";
import { sagaStates } from "../../contract/index.ts";

/** The event log. */
export const Topics = z.object({
  /** Where it is stored. */
  path: z.string(),
  /** Events that wait for their time. */
  delayed: z.int(),
  topics: z.array(
    z.object({ name: z.string(), firstOffset: z.int(), nextOffset: z.int(), bytes: z.int() }),
  ),
  groups: z.array(
    z.object({
      name: z.string(),
      topic: z.string(),
      members: z.int(),
      /** Events that the group has not worked on. */
      lag: z.int(),
      /** Events that failed and are tried again, or wait behind one of their key. */
      parked: z.int(),
      dead: z.int(),
    }),
  ),
});

/** An event that a group has given up on. */
export const DeadLetter = z.object({
  id: z.int(),
  group: z.string(),
  topic: z.string(),
  /** When it was given up on. */
  at: z.number(),
  publishedAt: z.number(),
  offset: z.int(),
  key: z.string(),
  /** JSON text: the data, and what travels beside it. */
  body: z.string(),
  head: z.string(),
  /** Failed deliveries, oldest first. */
  attempts: z.array(
    z.object({
      at: z.number(),
      code: z.string(),
      message: z.string(),
      stack: z.string().optional(),
    }),
  ),
});

/** A saga with its steps. */
export const SagaView = z.object({
  /** The service that runs it; ids are the service's own. */
  service: z.string(),
  id: z.string(),
  name: z.string(),
  state: z.enum(sagaStates),
  /** Why it failed or is stuck. */
  error: z.string().nullable(),
  createdAt: z.number(),
  /** In the order in which they were begun; the state tells whether one was undone. */
  steps: z.array(z.object({ name: z.string(), state: z.string(), attempts: z.int() })),
});
