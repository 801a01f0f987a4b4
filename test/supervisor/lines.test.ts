import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSplitter } from "../../src/supervisor/core/line-splitter.ts";
import { readableLine } from "../../src/telemetry/index.ts";

function split(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

test("lines are the same however the bytes are cut, also inside a character", () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n\uFEFF]/g, "."));
  fc.assert(
    fc.property(
      fc.array(line),
      fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const chunks: Uint8Array[] = [];
        for (let from = 0; from < bytes.length; ) {
          const length = cuts.next().value as number;
          chunks.push(bytes.subarray(from, from + length));
          from += length;
        }
        assert.deepEqual(split(chunks), lines);
      },
    ),
  );
});

test("a line without an end is handed on in pieces and never grows", () => {
  const lines = split(Array.from({ length: 20 }, () => Buffer.alloc(10_000, "x")));
  assert.deepEqual(
    lines.map((line) => line.length),
    [65_536, 65_536, 65_536, 3_392],
  );
});

test("a JSON log line becomes a sentence with fields; the process's own name is left out", () => {
  const line = JSON.stringify({
    level: 40,
    time: "2026-01-01T00:00:00.000Z",
    slot: "products-1",
    attempt: 2,
    path: "a b",
    msg: "retrying",
  });
  assert.deepEqual(readableLine(line, "products-1"), {
    level: "warn",
    text: 'retrying attempt=2 path="a b"',
  });
});

test("an error's stack gets lines of its own", () => {
  const line = JSON.stringify({
    level: 50,
    msg: "failed",
    err: { message: "no", stack: "Error: no\n  at x" },
  });
  assert.equal(readableLine(line, "x").text, 'failed err="no"\nError: no\n  at x');
});

test("any other line stays as it is", () => {
  fc.assert(
    fc.property(fc.string(), (line) => {
      assert.deepEqual(readableLine(line, "x"), { level: "none", text: line });
    }),
  );
  assert.equal(readableLine('{"level":30,"broken', "x").text, '{"level":30,"broken');
});
