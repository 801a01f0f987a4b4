import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { LogOutput } from "../../src/supervisor/index.ts";

function output(hasColours: boolean): { text(): string; log: LogOutput } {
  let text = "";
  const names = ["distributor", "core-1"];
  const write = (more: string) => {
    text += more;
  };
  return { text: () => text, log: new LogOutput({ write, hasColours, names }) };
}

function speak(log: LogOutput): void {
  log.line("core-1", "plain words");
  log.line("core-1", JSON.stringify({ level: 50, name: "core-1", msg: "it failed", why: "disk" }));
  log.note("distributor", "ended: first\nsecond");
  log.plain("ready: all is well");
}

const expected = `core-1      | plain words
core-1      | error it failed why=disk
distributor ended: first
distributor second
ready: all is well
`;

test("lines stand behind their process's name, in columns", () => {
  const { log, text } = output(false);
  speak(log);
  assert.equal(text(), expected);
});

test("colours change nothing but colours, and never the ready line", () => {
  const { log, text } = output(true);
  speak(log);
  assert.notEqual(text(), expected);
  assert.equal(stripVTControlCharacters(text()), expected);
  assert.match(text(), /^ready: /m);
});
