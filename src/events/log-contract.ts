/** The log as a service of the mesh: what publishers and consumer groups say to it. */
import { z } from "zod";
import { bytes, contract, delayMsMax, op, stream } from "../contract/index.ts";

const Event = z.object({
  topic: z.string(),
  offset: z.int(),
  at: z.int(),
  key: z.string(),
  id: z.string(),
  head: z.string(),
  body: z.string(),
});
const Attempt = z.object({
  at: z.int(),
  code: z.string(),
  message: z.string(),
  stack: z.string().optional(),
});
const Parked = z.object({
  offset: z.int(),
  lane: z.int(),
  due: z.int(),
  history: z.array(Attempt),
  event: Event,
});
const Letter = z.object({
  id: z.int(),
  group: z.string(),
  at: z.int(),
  event: Event,
  history: z.array(Attempt),
});
/** Bytes of core/packed-events.ts as base64; the log refuses any other text. */
const Packed = z.string().meta({ unescaped: true });
/** Events of one topic that follow each other. */
const Run = z.object({ topic: z.string(), count: z.int().min(1), events: Packed });
const Member = z.object({ group: z.string(), topic: z.string(), member: z.string() });

/** Who may publish and read is who may join the mesh. */
export const eventLog = contract("eventlog", {
  append: op({
    idempotent: true,
    input: z.object({
      source: z.string(),
      epoch: z.int(),
      seq: z.int(),
      runs: z.array(Run),
    }),
    output: z.object({ duplicates: z.int() }),
  }),
  /** Publishes an event later; answers once that is on the disk. */
  delay: op({
    idempotent: true,
    input: z.object({
      id: z.string(),
      delayMs: z.int().min(0).max(delayMsMax),
      event: z.object({ topic: z.string(), key: z.string(), head: z.string(), body: z.string() }),
    }),
  }),
  /**
   * Events from an offset on, of some lanes; waits for new ones. Whole blocks: the first one may begin before the offset, and there may
   * be more events than `max` by those of the last one. core/poll-answer.ts says what the bytes are.
   */
  poll: op({
    idempotent: true,
    deadlineMs: 30_000,
    input: z.object({
      topic: z.string(),
      from: z.int(),
      lanes: z.string().optional(),
      max: z.int(),
      waitMs: z.int(),
    }),
    output: bytes(),
  }),
  /** A member is alive; the answer says which lanes it has now and which it should give back. */
  renew: op({
    idempotent: true,
    input: Member.extend({
      start: z.enum(["beginning", "now"]),
      /** Lanes, each with its epoch. */
      held: z.array(z.tuple([z.int(), z.int()])),
      /** Offsets of the revived events of the last answer. */
      heard: z.array(z.int()),
    }),
    output: z.object({
      lanes: z.array(
        z.object({ lane: z.int(), epoch: z.int(), cursor: z.int(), hasParked: z.boolean() }),
      ),
      release: z.array(z.int()),
      /** Held no longer: they went to others while this member was silent. */
      lost: z.array(z.int()),
      revived: z.array(Parked),
      leaseMs: z.int(),
    }),
  }),
  /** Events that are parked in some lanes, from an offset on; where there are more, `next` says where they begin. */
  parked: op({
    idempotent: true,
    input: z.object({ group: z.string(), topic: z.string(), lanes: z.string(), from: z.int() }),
    output: z.object({ parked: z.array(Parked), next: z.int().optional() }),
  }),
  /** What a member has done. What it says of lanes that others have by now is left out and named. */
  commit: op({
    idempotent: true,
    input: Member.extend({
      lanes: z.array(z.tuple([z.int(), z.int(), z.int()])),
      park: z.array(Parked),
      unpark: z.array(z.object({ lane: z.int(), offset: z.int() })),
      bury: z.array(z.object({ lane: z.int(), event: Event, history: z.array(Attempt) })),
      release: z.array(z.int()),
    }),
    output: z.object({ stale: z.array(z.int()) }),
  }),
  overview: op({
    idempotent: true,
    output: z.object({
      path: z.string(),
      /** Events that wait for their time. */
      delayed: z.int(),
      topics: z.array(
        z.object({ name: z.string(), first: z.int(), next: z.int(), bytes: z.int() }),
      ),
      groups: z.array(
        z.object({
          name: z.string(),
          topic: z.string(),
          members: z.int(),
          lag: z.int(),
          parked: z.int(),
          dead: z.int(),
        }),
      ),
    }),
  }),
  /** Oldest first; as many as a message holds, so fewer than `max` does not mean that there are no more. */
  deadLetters: op({
    idempotent: true,
    input: z.object({ group: z.string().optional(), after: z.int(), max: z.int().max(1_000) }),
    output: z.object({ letters: z.array(Letter) }),
  }),
  /** Gives a letter back to its group, with other data if `body` is given. */
  replay: op({
    input: z.object({ id: z.int(), body: z.string().optional() }),
    output: z.object({ group: z.string(), topic: z.string() }),
    errors: { NoSuchLetter: { status: 404 } },
  }),
  /** Takes a letter away for good. */
  drop: op({ input: z.object({ id: z.int() }), errors: { NoSuchLetter: { status: 404 } } }),
  /** A topic as it grows. */
  tail: op({
    input: z.object({ topic: z.string(), from: z.int().optional() }),
    output: stream(Event),
  }),
});
