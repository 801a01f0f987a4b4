import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameReader } from "../../src/gateway/web-socket/index.ts";

/** A frame as RFC 6455, section 5.2, has it, with the shortest form of its length. */
function frameOf(opcode: number, length: number, isMasked: boolean): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = mask | length;
  else if (length < 65_536) {
    head[1] = mask | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  // What is in a frame must not be taken for a head.
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0, 0x88), Buffer.alloc(length, 0x88)]);
}

const lengths = fc.constantFrom(0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 70_000);
const frames = fc.array(
  fc.tuple(fc.constantFrom(0, 1, 2, 9, 10), lengths, fc.boolean()).map((of) => frameOf(...of)),
  { minLength: 1, maxLength: 6 },
);

test("however the bytes are split, it is known where each frame ends", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 90_000 })), (all, cuts) => {
      const bytes = Buffer.concat(all);
      let end = 0;
      const ends = new Set([0, ...all.map((frame) => (end += frame.length))]);
      const reader = new FrameReader();
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        const piece = bytes.subarray(at, at + cut);
        assert.equal(reader.read(piece), piece.length);
        at += piece.length;
        assert.equal(reader.isBetweenFrames, ends.has(at), `${at}`);
      }
      assert.equal(reader.hasClosed, false);
      const [first] = all;
      const begun = new FrameReader();
      begun.read(bytes.subarray(0, 1));
      assert.equal(begun.read(bytes.subarray(1), true), (first?.length ?? 0) - 1);
    }),
    { numRuns: 200 },
  );
});

test("a Close frame is known by its head", () => {
  const reader = new FrameReader();
  const close = frameOf(8, 2, false);
  reader.read(close.subarray(0, 1));
  assert.equal(reader.hasClosed, false);
  reader.read(close.subarray(1, 2));
  assert.equal(reader.hasClosed, true);
});
