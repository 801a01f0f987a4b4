import type { DeadLetter, ParkedEvent } from "../types.ts";
import { laneOf, orderKeyOf } from "./lanes.ts";

/** A dead letter on its way back to its group: tried at once, its failures kept, with other data where somebody mended them. */
export function revived(letter: DeadLetter, body: string | undefined, at: number): ParkedEvent {
  const { history } = letter;
  const event = body === undefined ? letter.event : { ...letter.event, body };
  const { offset } = event;
  return { offset, lane: laneOf(orderKeyOf(event)), due: Math.floor(at), history, event };
}
