/** What groups ask, as changes that are to be stored; what reads must have what was changed before it stored. */
import { DureError } from "../../kit/index.ts";
import { laneCount } from "../core/lanes.ts";
import { revived } from "../core/revival.ts";
import { failedEventSize, firstWithin } from "../core/sizes.ts";
import type { GroupEntry, SavedGroup } from "../storage/groups-file.ts";
import type { StorageCalls } from "../storage/requests.ts";
import { type DeadLetter, eventLimits } from "../types.ts";
import { Assembler, partsOf } from "./frames.ts";
import type { Change, LetterEntry, NatsState } from "./nats-state.ts";
import type { NatsStream } from "./nats-stream.ts";

export class NatsGroups {
  readonly #stream: NatsStream;
  readonly #state: NatsState;
  /** To be stored next. */
  changes: Change[] = [];
  /** Messages of letters, stored before the changes that name them, and before all else that is stored with them. */
  letters: Uint8Array[] = [];

  constructor(stream: NatsStream, state: NatsState) {
    this.#stream = stream;
    this.#state = state;
  }

  forgetPlan(): void {
    this.changes = [];
    this.letters = [];
  }

  open(name: string, topic: string, start: number): SavedGroup {
    const found = this.#state.find(name, topic);
    if (found) return this.#state.saved(found.id);
    const { id } = this.#add(name, topic, start);
    return { id, cursors: new Float64Array(laneCount).fill(start), parked: [] };
  }

  save({ id, moved, park, unpark, bury }: StorageCalls["saveGroup"]["in"], at: number): undefined {
    const { name: group } = this.#state.group(id);
    const isNew = bury.filter(({ event: { topic, offset } }) => {
      return !this.#state.isLetter({ group, topic, offset });
    });
    const letters = isNew.map(({ event, history }, index) => {
      const letterId = this.#state.lastLetter + 1 + index;
      return this.#write({ id: letterId, group, at: Math.floor(at), event, history });
    });
    const offsets = unpark.map(({ offset }) => offset);
    this.changes.push({ do: "save", id, moved, park, unpark: offsets, bury: letters });
  }

  async revive(
    { id, body, isDropped }: StorageCalls["revive"]["in"],
    at: number,
  ): Promise<StorageCalls["revive"]["out"]> {
    const entry = this.#state.letters.get(id);
    if (!entry) return undefined;
    const letter = await this.#read(entry);
    this.changes.push({ do: "take out", letter: id });
    if (isDropped) return { letter };
    const parked = revived(letter, body, at);
    const { group, topic } = entry;
    const { id: groupId } =
      this.#state.find(group, topic) ?? this.#add(group, topic, parked.offset);
    const save = { id: groupId, moved: [], park: [parked], unpark: [], bury: [] };
    this.changes.push({ do: "save", ...save });
    return { letter, parked };
  }

  async deadLetters({
    group,
    after,
    max,
  }: StorageCalls["deadLetters"]["in"]): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    let size = 0;
    for (const entry of this.#state.letters.values()) {
      if (entry.id <= after || (group !== undefined && entry.group !== group)) continue;
      if (letters.length === max || size > eventLimits.answerSizeMax) break;
      const letter = await this.#read(entry);
      letters.push(letter);
      size += failedEventSize(letter);
    }
    return firstWithin(letters, eventLimits.answerSizeMax, failedEventSize);
  }

  #add(name: string, topic: string, start: number): GroupEntry {
    const count = this.#state.groupCount(topic);
    if (count >= eventLimits.groupsMax) {
      const message = `group ${name}: topic ${topic} has ${count} groups, and that is the most`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    const group = { id: this.#state.nextGroupId(), name, topic };
    this.changes.push({ do: "group", group, start });
    return group;
  }

  #write(letter: DeadLetter): LetterEntry {
    const { id, group, event } = letter;
    const messages = partsOf([id], JSON.stringify(letter), this.#stream.payloadMax);
    const seq = this.#stream.last + 1 + this.letters.length;
    this.letters.push(...messages);
    return { id, group, topic: event.topic, offset: event.offset, seq, parts: messages.length };
  }

  async #read({ id, seq, parts }: LetterEntry): Promise<DeadLetter> {
    const assembler = new Assembler();
    for (let part = 0; part < parts; part += 1) {
      const message = await this.#stream.message(seq + part);
      const whole = message && assembler.add(message.data);
      if (whole) return JSON.parse(whole.text);
    }
    const message = `dead letter ${id} is not in stream ${this.#stream.name} any more (messages ${seq} to ${seq + parts - 1})`;
    throw new DureError("DATA_LOSS", message);
  }
}
