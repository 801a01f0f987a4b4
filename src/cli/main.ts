#!/usr/bin/env node
// Nothing is imported before the version is known: an old Node would fail on the first file with a message about syntax.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
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
