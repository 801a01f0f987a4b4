import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { createProgram } from "../../src/cli/program.ts";
import { resolveConfig, settings } from "../../src/config/index.ts";
import { root } from "./support.ts";

const page = (name: string) => readFileSync(join(root, "docs/reference", name), "utf8");

/** The text under a heading, to the next one. */
function section(text: string, heading: string): string {
  const [, ...rest] = text.split(`\n## ${heading}`);
  assert.ok(rest[0] !== undefined, `no heading "${heading}"`);
  return rest[0].split("\n## ")[0] ?? "";
}

/** The first column of a section's table, without its back quotes. */
function firstColumn(text: string): string[] {
  return [...text.matchAll(/^\| `?([^`|]+?)`? \|/gm)]
    .map(([, cell]) => cell ?? "")
    .filter((cell) => !/^-+$/.test(cell))
    .slice(1);
}

/** Flags that every command of a project has are told once. */
const shared = ["--config <file>", "--profile <name>", "--data <folder>"];

test("the page of the command line tells every command and flag, and no other", async () => {
  const text = page("cli.md");
  const { commands: all } = await createProgram();
  const commands = all.filter((command) => command.name() !== "host");
  const told = [...text.matchAll(/^## dure ([a-z-]+)/gm)].map(([, name]) => name);
  assert.deepEqual(told.sort(), commands.map((command) => command.name()).sort());
  for (const command of commands) {
    const flags = command.options
      .map(({ flags }) => flags)
      .filter((flag) => !shared.includes(flag));
    if (command.name() === "config") {
      const ofSettings = settings.flatMap(({ flag }) => flag ?? []);
      assert.deepEqual(flags.sort(), [...ofSettings, "--json"].sort());
      continue;
    }
    const inTable = firstColumn(section(text, `dure ${command.name()}`));
    assert.deepEqual(inTable.sort(), flags.sort(), command.name());
  }
});

test("the page of the command line tells every exit code", () => {
  const told = firstColumn(section(page("cli.md"), "Exit codes")).map(Number);
  assert.deepEqual(told, Object.values(exitCodes));
});

test("the page of the configuration tells every setting with its variable and flag", () => {
  const rows = [
    ...section(page("configuration.md"), "Settings from outside").matchAll(/^\| `.*$/gm),
  ];
  const expected = settings.map(
    ({ path, variable, flag }) =>
      `| \`${path}\` | \`${variable}\` | ${flag ? `\`${flag}\` ` : ""}|`,
  );
  assert.deepEqual(
    rows.map(([row]) => row),
    expected,
  );
});

test("every option of the page exists, and every wrong one would be told", () => {
  const options = firstColumn(section(page("configuration.md"), "Options"));
  assert.ok(options.length > 15);
  for (const option of options) {
    const [first = "", ...rest] = option.replaceAll(/<\w+>/g, "x").split(".");
    const config: Record<string, unknown> = { name: "x", services: { x: async () => {} } };
    config[`${first}x`] = {};
    const refused = () =>
      resolveConfig({ config, fileName: "f", profile: undefined, environment: {}, flags: {} });
    // The misspelt first word is refused with the right one: so the right one is known.
    assert.throws(refused, new RegExp(`did you mean "${first}"`), option);
    assert.ok(rest.length <= 3);
  }
});

test("the example of the configuration page is accepted", async () => {
  const [, example = ""] = /```ts\n([\s\S]+?)```/.exec(page("configuration.md")) ?? [];
  const body = example
    .replace(/^import .*$/m, "")
    .replace("export default defineConfig(", "return (");
  const config = new Function(body)();
  const resolved = resolveConfig({
    config,
    fileName: "example",
    profile: "production",
    environment: {},
    flags: {},
  });
  assert.deepEqual(
    resolved.distributors.map(({ host }) => host),
    ["10.0.0.1", "10.0.0.2"],
  );
});
