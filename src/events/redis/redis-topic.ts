/** A topic's events as a stream. */
import type { ReadBounds, Retention } from "../storage/topic-file.ts";
import type { StoredEvent } from "../types.ts";
import type { FencedWrites } from "./fenced-writes.ts";
import type { Send } from "./redis-client.ts";
import { keys } from "./redis-keys.ts";

/**
 * Reads entries until they are so many, or so large together; of one the size is that of its fields. Each step is twice the one before
 * it, so that what is read and not given back is no more than what is.
 */
const readEntries = `local events, size, from, step = {}, 0, ARGV[1], 1
while #events < tonumber(ARGV[2]) do
  local found = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', math.min(step, ARGV[2] - #events))
  for _, entry in ipairs(found) do
    for _, word in ipairs(entry[2]) do size = size + #word end
    if #events > 0 and size > tonumber(ARGV[3]) then return events end
    events[#events + 1] = entry
    from = '(' .. entry[1]
  end
  if #found < step then return events end
  step = step * 2
end
return events`;

type Entry = [id: string, fields: string[]];

/** The bytes of a topic are counted from its beginning on, and an event knows where it is: what is dropped need not be read. */
export function addEvent(writes: FencedWrites, event: StoredEvent, place: number): void {
  const { topic, offset, at, key, id, head, body } = event;
  const fields = ["at", at, "place", place, "key", key, "id", id, "head", head, "body", body];
  writes.add("XADD", keys.events(topic), `${offset + 1}-0`, ...fields);
}

export async function readEvents(
  send: Send,
  { topic, from, bounds }: { topic: string; from: number; bounds: ReadBounds },
): Promise<StoredEvent[]> {
  const key = keys.events(topic);
  const { eventsMax, bytesMax } = bounds;
  const entries: Entry[] = await send(
    "EVAL",
    readEntries,
    ...["1", key, `${from + 1}-0`, String(eventsMax), String(bytesMax)],
  );
  return entries.map((entry) => {
    const { offset, at, key = "", id = "", head = "", body = "" } = eventOf(entry);
    return { topic, offset, at, key, id, head, body };
  });
}

/** Where a topic is cut. */
export interface Cut {
  /** The oldest event to keep, or the next one to come. */
  readonly first: number;
  /** Its place; none where nothing is kept. */
  readonly place: number | undefined;
}

/** The oldest event that is young enough and within the bytes to keep. Both only grow with the offset, so it is searched by halves. */
export async function findCut(
  send: Send,
  { name, first, next, end }: { name: string; first: number; next: number; end: number },
  { keepMs, keepBytes, now }: Retention & { now: number },
): Promise<Cut> {
  const at = async (offset: number) => {
    const [entry]: Entry[] = await send(
      "XRANGE",
      ...[keys.events(name), `${offset + 1}-0`, "+", "COUNT", "1"],
    );
    return entry && eventOf(entry);
  };
  const isKept = (event: Found) => event.at >= now - keepMs && event.place >= end - keepBytes;
  let oldest: Found | undefined = await at(first);
  if (!oldest || isKept(oldest)) return { first: oldest?.offset ?? next, place: oldest?.place };
  let [low, high] = [oldest.offset + 1, next];
  oldest = undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await at(middle);
    if (!found || isKept(found)) {
      high = middle;
      oldest = found;
    } else low = found.offset + 1;
  }
  return { first: oldest?.offset ?? next, place: oldest?.place };
}

interface Found {
  readonly offset: number;
  readonly at: number;
  readonly place: number;
  readonly key?: string;
  readonly id?: string;
  readonly head?: string;
  readonly body?: string;
}

function eventOf([id, fields]: Entry): Found {
  const event: Record<string, string> = {};
  for (let index = 0; index < fields.length; index += 2)
    event[fields[index] as string] = fields[index + 1] as string;
  const offset = Number.parseInt(id, 10) - 1;
  return { ...event, offset, at: Number(event.at), place: Number(event.place) };
}
