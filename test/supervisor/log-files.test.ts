import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LogFiles } from "../../src/supervisor/index.ts";

function open(context: TestContext, fileBytesMax = 10_000) {
  const folder = mkdtempSync(join(tmpdir(), "dure-logs-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const files = new LogFiles({ folder, fileBytesMax, keptFiles: 2, say });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { folder, files, said, read };
}

test("each process has a file, and each line its time", async (context) => {
  const { files, read } = open(context);
  files.line("core-1", "first");
  files.line("edge-1", "other");
  files.line("core-1", '{"level":30,"msg":"second"}');
  await files.close();
  const time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";
  assert.match(
    read("core-1.log"),
    new RegExp(`^${time} first\\n${time} \\{"level":30,"msg":"second"\\}\\n$`),
  );
  assert.match(read("edge-1.log"), /Z other\n$/);
});

test("a full file is put aside, and only so many are kept", async (context) => {
  const { folder, files, read } = open(context, 1_000);
  for (let round = 1; round <= 6; round += 1) {
    files.line("core-1", `${round} ${"x".repeat(1_000)}`);
    await files.close();
  }
  assert.deepEqual(readdirSync(folder).sort(), ["core-1.log", "core-1.log.1", "core-1.log.2"]);
  const rounds = ["core-1.log", "core-1.log.1", "core-1.log.2"].map(
    (name) => read(name).split(" ")[1],
  );
  assert.deepEqual(rounds, ["6", "5", "4"]);
});

test("a file that is there is gone on with", async (context) => {
  const { folder, files, read } = open(context);
  files.line("core-1", "before");
  await files.close();
  const again = new LogFiles({ folder, fileBytesMax: 10_000, keptFiles: 2, say: () => {} });
  again.line("core-1", "after");
  await again.close();
  assert.match(read("core-1.log"), /before\n.*after\n$/);
});

test("a full disk costs lines, is told once, and is left behind", {
  skip: !existsSync("/dev/full"),
}, async (context) => {
  const { folder, files, said, read } = open(context);
  const path = join(folder, "core-1.log");
  // Each write to it fails as on a full disk (full(4)).
  symlinkSync("/dev/full", path);
  for (const line of ["first", "second", "third"]) {
    files.line("core-1", line);
    await files.close();
  }
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /^lines of .*core-1\.log are lost: ENOSPC/);
  unlinkSync(path);
  files.line("core-1", "fourth");
  await files.close();
  assert.match(read("core-1.log"), /Z fourth\n$/);
  assert.match(said[1] ?? "", /core-1\.log is written again; 3 lines were lost$/);
});
