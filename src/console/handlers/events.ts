import type { HandlersOf } from "../../contract/index.ts";
import { eventLog } from "../../events/index.ts";
import { asError, DureError } from "../../kit/index.ts";
import type { consoleContract } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";

type Handlers = HandlersOf<typeof consoleContract>;

/** The event log: topics, groups, dead letters. */
export function eventHandlers({
  options: { node },
}: ConsoleParts): Pick<Handlers, "topics" | "deadLetters" | "replayDeadLetter" | "dropDeadLetter"> {
  const log = () => {
    if (node.registry.services().includes("eventlog")) return node.client(eventLog);
    const message =
      "this mesh has no event log; set events in dure.config.ts, or run dure eventlog";
    throw new DureError("UNAVAILABLE", message);
  };
  return {
    async topics() {
      const { path, delayed, topics, groups } = await log().overview();
      return {
        ...{ path, delayed, groups },
        topics: topics.map(({ name, first, next, bytes }) => ({
          ...{ name, bytes },
          firstOffset: first,
          nextOffset: next,
        })),
      };
    },
    async deadLetters({ group, after, limit }) {
      const filter = group === undefined ? {} : { group };
      const { letters } = await log().deadLetters({ ...filter, after, max: limit });
      return {
        items: letters.map(({ id, at, history, event, ...letter }) => ({
          ...{ id, at, group: letter.group },
          ...{ topic: event.topic, offset: event.offset, key: event.key },
          ...{ publishedAt: event.at, body: event.body, head: event.head },
          attempts: history,
        })),
      };
    },
    async replayDeadLetter({ id, body }, ctx) {
      if (body !== undefined) checkJson(body);
      const result = await log()
        .replay(body === undefined ? { id } : { id, body })
        .result();
      if (result.ok) return result.value;
      if (result.error.code === "NoSuchLetter") return ctx.fail("NoSuchLetter");
      throw result.error;
    },
    async dropDeadLetter({ id }, ctx) {
      const result = await log().drop({ id }).result();
      if (result.ok) return;
      if (result.error.code === "NoSuchLetter") return ctx.fail("NoSuchLetter");
      throw result.error;
    },
  };
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (thrown) {
    const message = `the data is not JSON: ${asError(thrown).message}`;
    throw new DureError("INVALID_ARGUMENT", message, { cause: thrown });
  }
}
