import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FieldReader } from "../../src/wire/core/fields.ts";
import { FrameReader } from "../../src/wire/core/frame-reader.ts";
import { FrameWriter } from "../../src/wire/core/frame-writer.ts";
import { proofOf } from "../../src/wire/handshake.ts";

interface Vector {
  name: string;
  type: number;
  flags: number;
  streamId: number;
  fields: [tag: number, kind: "u32" | "text" | "bytes", value: number | string][];
  body: string;
  hex: string;
}
const { frames, proofs } = JSON.parse(
  readFileSync(new URL("vectors/frames.json", import.meta.url), "utf8"),
) as {
  frames: Vector[];
  proofs: {
    role: "dialler" | "listener";
    token: string;
    identity: { mesh: string; nodeId: string; name: string; incarnation: number };
    diallerNonce: string;
    listenerNonce: string;
    hex: string;
  }[];
};

for (const vector of frames) {
  test(`vector: ${vector.name}`, () => {
    const writer = new FrameWriter();
    writer.begin(vector.type, vector.flags, vector.streamId);
    for (const [tag, kind, value] of vector.fields) {
      if (kind === "u32") writer.u32(tag, value as number);
      else if (kind === "text") writer.text(tag, value as string);
      else writer.bytes(tag, Buffer.from(value as string, "hex"));
    }
    writer.end(vector.body);
    assert.equal(writer.take().toString("hex"), vector.hex);

    let seen = 0;
    const reader = new FrameReader(
      () => 1_000_000,
      (frame) => {
        seen += 1;
        assert.deepEqual(
          [frame.type, frame.flags, frame.streamId],
          [vector.type, vector.flags, vector.streamId],
        );
        assert.equal(frame.buffer.toString("utf8", frame.bodyStart, frame.bodyEnd), vector.body);
        const fields = new FieldReader(frame);
        const read: Vector["fields"] = [];
        for (const [, kind] of vector.fields) {
          assert.ok(fields.next());
          read.push([
            fields.tag,
            kind,
            kind === "u32"
              ? fields.u32()
              : kind === "text"
                ? fields.text()
                : fields.bytes().toString("hex"),
          ]);
        }
        assert.deepEqual(read, vector.fields);
        assert.equal(fields.next(), false);
      },
    );
    const bytes = Buffer.from(vector.hex, "hex");
    // Cut at every place: a frame may arrive in any pieces.
    for (let at = 0; at <= bytes.length; at += 1) {
      reader.push(Buffer.from(bytes.subarray(0, at)));
      reader.push(Buffer.from(bytes.subarray(at)));
    }
    assert.equal(seen, bytes.length + 1);
  });
}

test("vector: handshake proofs", () => {
  for (const { role, token, identity, diallerNonce, listenerNonce, hex } of proofs) {
    const nonces: [Buffer, Buffer] = [
      Buffer.from(diallerNonce, "hex"),
      Buffer.from(listenerNonce, "hex"),
    ];
    assert.equal(proofOf(token, role, nonces, identity).toString("hex"), hex);
  }
});
