import { test } from "node:test";
import { SyntaxKind } from "typescript/unstable/ast";
import { assertNone, importsOf, placeOf, readTree, walk } from "./support/source-tree.ts";

const clock = ["src/kit/scheduler.ts"];
/** Those who are processes of their own. */
const processes = ["src/cli/", "src/supervisor/"];
/** What may not be used, what to use instead, and where it may be used all the same. */
const bans: [name: string, instead: string, exceptIn: string[]][] = [
  ["setTimeout", "after or sleep of kit", clock],
  ["setInterval", "every of kit", clock],
  ["Date.now", "now (to measure) or wallTime of kit", clock],
  ["new Date()", "new Date(wallTime()), with wallTime of kit", clock],
  ["performance.now", "now of kit", clock],
  ["process.hrtime", "now of kit", clock],
  ["Math.random", "random of kit", clock],
  ["AbortSignal.timeout", "after of kit and an AbortController", clock],
  ["console", "a Logger of telemetry", ["src/cli/"]],
  ["process.exit", "an error, or process.exitCode", processes],
  ["process.env", "options; config reads the environment", [...processes, "src/config/"]],
];
const bannedModules = new Map([
  ["node:timers/promises", "sleep of kit"],
  ["timers/promises", "sleep of kit"],
  ["node:timers", "after and every of kit"],
]);

const sources = readTree().filter(({ path }) => path.startsWith("src/"));

/** The dotted name of a use: `Date.now`, `console`, `new Date()`; undefined for anything else. */
function usedName(node: any): string | undefined {
  if (node.kind === SyntaxKind.NewExpression) {
    const isClock = node.expression.text === "Date" && (node.arguments?.length ?? 0) === 0;
    return isClock ? "new Date()" : undefined;
  }
  if (node.kind === SyntaxKind.PropertyAccessExpression) {
    const owner = node.expression;
    if (owner.kind === SyntaxKind.Identifier) {
      if (owner.text === "console") return "console";
      if (owner.text === "globalThis") return node.name.text;
      return `${owner.text}.${node.name.text}`;
    }
  }
  if (node.kind === SyntaxKind.CallExpression && node.expression.kind === SyntaxKind.Identifier)
    return node.expression.text;
  return undefined;
}

test("time, randomness, output and exits go through their one door", () => {
  const problems: string[] = [];
  for (const file of sources) {
    walk(file.syntax, (node) => {
      const name = usedName(node);
      const [, instead, exceptIn] = bans.find(([banned]) => banned === name) ?? [];
      if (!exceptIn || exceptIn.some((path) => file.path.startsWith(path))) return;
      problems.push(`${placeOf(file, node)}: ${name}; use ${instead}`);
    });
    for (const { node, specifier } of importsOf(file)) {
      const instead = bannedModules.get(specifier);
      if (instead) problems.push(`${placeOf(file, node)}: ${specifier}; use ${instead}`);
    }
  }
  assertNone(problems, "banned here:");
});

test("nothing is left for later", () => {
  // Written apart, so that this file does not find itself.
  const words = new RegExp(
    `\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`,
  );
  const problems = readTree().flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (words.test(line) ? [`${path}:${index + 1}`] : [])),
  );
  assertNone(problems, "finish it, or write it down where work is planned:");
});

test("no test is switched off", () => {
  const off = new Set(["skip", "only", "todo"]);
  const problems = readTree()
    .filter(({ path }) => path.startsWith("test/"))
    .flatMap((file) => {
      const found: string[] = [];
      walk(file.syntax, (node: any) => {
        const { kind, expression, name } = node;
        if (kind !== SyntaxKind.PropertyAccessExpression || !off.has(name.text)) return;
        if (["test", "it", "describe", "suite"].includes(expression.text))
          found.push(`${placeOf(file, node)}: ${expression.text}.${name.text}`);
      });
      return found;
    });
  assertNone(
    problems,
    "mend it or delete it; what depends on the machine is skipped by an option:",
  );
});
