#!/usr/bin/env node
// Nothing is imported before the version is known: an old Node would fail on the first file with a message about syntax.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

// They ask a running fleet: whoever serves beside them has the processor first.
const questions = "ps logs trace metrics reload scale nodes call events sagas routes".split(" ");

if (major > 22 || (major === 22 && minor >= 18)) {
  const { constants, getPriority, setPriority } = process.getBuiltinModule("node:os");
  const { enableCompileCache } = process.getBuiltinModule("node:module");
  const { PRIORITY_BELOW_NORMAL: lower } = constants.priority;
  if (questions.includes(process.argv[2] ?? "") && getPriority() < lower) setPriority(lower);
  // Half of what a command takes is compiling its own code. It is kept in the folder for temporary files.
  enableCompileCache();
  import("./program.ts").then(
    ({ run }) => run(process.argv.slice(2)),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
} else {
  console.error(
    `dure needs Node 22.18 or newer, and this is ${process.versions.node} (${process.execPath}).\n` +
      "Install Node 24 (https://nodejs.org, or: nvm install 24), or give this project one of its own:\n" +
      "  npm install --save-dev node@24",
  );
  process.exitCode = 1;
}
