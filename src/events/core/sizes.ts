/**
 * Sizes as what limits are kept with: characters, roughly. JSON in JSON takes at most three bytes for each (two for a quote or a
 * backslash, three for what is not ASCII), so what has a third of a message's limit fits into one, whatever it is.
 */
import { Buffer } from "node:buffer";
import { DureError } from "../../kit/index.ts";
import { eventLimits, type FailedAttempt, type NewEvent } from "../types.ts";

/** Field names, numbers, the id. */
const overhead = 200;

export function eventSize({ key, head, body }: Omit<NewEvent, "topic">): number {
  return key.length + head.length + body.length + overhead;
}

/** Bytes of an event's texts in UTF-8. */
export function eventBytes({ key, head, body }: Omit<NewEvent, "topic">): number {
  return Buffer.byteLength(key) + Buffer.byteLength(head) + Buffer.byteLength(body);
}

/** Its size as limits need it. Throws INVALID_ARGUMENT for an event that is too large. */
export function checkedSize(event: NewEvent): number {
  const { topic, key, head, body } = event;
  const length = key.length + head.length + body.length;
  // A character has three bytes at most, so few events have to be counted.
  if (length * 3 <= eventLimits.eventBytesMax) return length;
  const bytes = eventBytes(event);
  if (bytes <= eventLimits.eventBytesMax) return bytes;
  const message = `an event of ${topic} has ${bytes} bytes; the most is ${eventLimits.eventBytesMax}. Store the data elsewhere and publish where it is`;
  throw new DureError("INVALID_ARGUMENT", message);
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
