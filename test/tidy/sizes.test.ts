import { test } from "node:test";
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import { assertNone, lineCountOf, placeOf, readTree, walk } from "./support/source-tree.ts";

const fileLinesMax = 300;
const functionLinesMax = 70;
const parametersMax = 4;

/** A ratchet: what is listed here is longer than it should be. It may shrink, and then its number does too; nothing may grow. */
const longFiles: Record<string, number> = {};
/** The same for functions, as `path name`. */
const longFunctions: Record<string, number> = {
  "src/mesh/node.ts constructor": 100,
};
/** Shrinking by less is not worth a change of the list. */
const slack = 20;

const files = readTree().filter(({ path }) => /^(src|bench|examples|scripts)\//.test(path));
const functionKinds: SyntaxKind[] = [
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
];

function nameOf(node: any): string {
  if (node.kind === SyntaxKind.Constructor) return "constructor";
  return node.name?.text ?? node.parent?.name?.text ?? "(anonymous)";
}

/** What is wrong with a length, given what the ratchet allows. */
function judge(place: string, lines: number, limit: number, allowed: number | undefined): string[] {
  if (lines > (allowed ?? limit))
    return [`${place} has ${lines} lines; at most ${allowed ?? limit}`];
  if (allowed === undefined || (lines > limit && lines > allowed - slack)) return [];
  const change = lines > limit ? `lower its entry to ${lines}` : "take its entry out";
  return [`${place} shrank to ${lines} lines, well done: ${change}`];
}

function functionsOf(syntax: Node): any[] {
  const found: any[] = [];
  walk(syntax, (node: any) => {
    if (functionKinds.includes(node.kind) && node.body) found.push(node);
  });
  return found;
}

test(`files have at most ${fileLinesMax} lines`, () => {
  const problems = files.flatMap(({ path, text }) =>
    judge(path, text.trimEnd().split("\n").length, fileLinesMax, longFiles[path]),
  );
  const gone = Object.keys(longFiles).filter((path) => !files.some((file) => file.path === path));
  assertNone(
    [...problems, ...gone.map((path) => `${path} is gone: take its entry out`)],
    "split by nouns:",
  );
});

test(`functions have at most ${functionLinesMax} lines and ${parametersMax} parameters`, () => {
  const seen = new Set<string>();
  // An example's setup holds the handlers of its whole service, as users write it.
  const counted = files.filter(({ path }) => !path.startsWith("examples/"));
  const problems = counted.flatMap((file) =>
    functionsOf(file.syntax).flatMap((node) => {
      const key = `${file.path} ${nameOf(node)}`;
      const lines = lineCountOf(file, node);
      const place = `${placeOf(file, node)} ${nameOf(node)}`;
      if (lines > functionLinesMax) seen.add(key);
      const allowed = lines > functionLinesMax ? longFunctions[key] : undefined;
      const wide = node.parameters.length > parametersMax;
      return [
        ...judge(place, lines, functionLinesMax, allowed),
        ...(wide
          ? [`${place} has ${node.parameters.length} parameters; take an options object`]
          : []),
      ];
    }),
  );
  const stale = Object.keys(longFunctions).filter((key) => !seen.has(key));
  assertNone(
    [...problems, ...stale.map((key) => `${key} is short or gone: take its entry out`)],
    "too big:",
  );
});
