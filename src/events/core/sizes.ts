/**
 * Sizes as what limits are kept with: characters, roughly. JSON in JSON takes at most three bytes for each (two for a quote or a
 * backslash, three for what is not ASCII), so what has a third of a message's limit fits into one, whatever it is.
 */
import type { FailedAttempt, NewEvent } from "../types.ts";

/** Field names, numbers, the id. */
const overhead = 200;

export function eventSize({ key, head, body }: Omit<NewEvent, "topic">): number {
  return key.length + head.length + body.length + overhead;
}

/** An event with its failures. */
export function failedEventSize({
  event,
  history,
}: {
  readonly event: NewEvent;
  readonly history: readonly FailedAttempt[];
}): number {
  return history.reduce(
    (sum, { message, stack = "" }) => sum + message.length + stack.length + overhead,
    eventSize(event),
  );
}

/** The first ones that are not larger together than `max`; one, if there is one. */
export function firstWithin<Item>(
  items: readonly Item[],
  max: number,
  sizeOf: (item: Item) => number,
): Item[] {
  let size = 0;
  const end = items.findIndex((item, index) => {
    size += sizeOf(item);
    return index > 0 && size > max;
  });
  return end === -1 ? [...items] : items.slice(0, end);
}
