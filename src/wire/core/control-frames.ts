import { FieldReader } from "./fields.ts";
import { fieldTag } from "./frame.ts";
import type { FrameView } from "./frame-reader.ts";

/** Reads a GOAWAY. */
export function readGoAway(frame: FrameView): { code: string; reason: string; lastStream: number } {
  const goAway = { code: "UNAVAILABLE", reason: "the peer is going away", lastStream: 0 };
  const fields = new FieldReader(frame);
  while (fields.next()) {
    if (fields.tag === fieldTag.CODE) goAway.code = fields.text();
    else if (fields.tag === fieldTag.MESSAGE) goAway.reason = fields.text();
    else if (fields.tag === fieldTag.LAST_STREAM) goAway.lastStream = fields.u32();
  }
  return goAway;
}

/** Reads the credit of a WINDOW. */
export function readCredit(frame: FrameView): number {
  const fields = new FieldReader(frame);
  while (fields.next()) if (fields.tag === fieldTag.CREDIT) return fields.u32();
  return 0;
}
