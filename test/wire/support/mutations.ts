import { readFileSync } from "node:fs";

/** Marsaglia's xorshift32: a failure is replayed with DURE_TEST_SEED. */
export function generator(start: number): (below: number) => number {
  let state = start || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const { frames } = JSON.parse(
  readFileSync(new URL("../vectors/frames.json", import.meta.url), "utf8"),
) as { frames: { name: string; hex: string }[] };

/** Every frame of the vectors. */
export const vectors: readonly Buffer[] = frames.map(({ hex }) => Buffer.from(hex, "hex"));

/** The same by their names. */
export const namedVectors: ReadonlyMap<string, Buffer> = new Map(
  frames.map(({ name, hex }) => [name, Buffer.from(hex, "hex")]),
);

/** A frame of `from` with some bytes, its length, the size of its fields, a field's tag or size, or its stream spoilt, or as it is. */
export function mutated(random: (below: number) => number, from = vectors): Buffer {
  const frame = Buffer.from(from[random(from.length)] as Buffer);
  switch (random(14)) {
    case 0:
      return frame.subarray(0, random(frame.length));
    case 1:
      frame[random(frame.length)] = random(256);
      return frame;
    case 2:
      // Mostly a little wrong: a great length would swallow all that follows as its body.
      frame.writeUInt32BE((0x8000_0000 | random(random(200) === 0 ? 300_000 : 200)) >>> 0, 0);
      return frame;
    case 3:
      frame.writeUInt16BE(random(65_536), 10);
      return frame;
    case 4:
      frame.writeUInt32BE(random(50) * 2 + 1, 6);
      return frame;
    case 5:
      frame[4] = random(20);
      frame[5] = random(4);
      return frame;
    case 6:
      if (frame.length > 15) frame.writeUInt16BE(random(40), 13);
      return frame;
    default:
      return frame;
  }
}
