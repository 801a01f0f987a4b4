import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  assertNone,
  importsOf,
  inRoot,
  placeOf,
  readTree,
  type TreeFile,
  targetOf,
  walk,
} from "./support/source-tree.ts";

const manifest = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
const files = readTree();
const byPath = new Map(files.map((file) => [file.path, file]));
const sources = files.filter(({ path }) => path.startsWith("src/"));

/** Source files by the name under which users import them: `dure`, `dure/node`, ... */
const frontDoors = new Map<string, string>();
for (const [subpath, target] of Object.entries<any>(manifest.exports)) {
  const source: unknown = target["dure-source"];
  if (typeof source === "string")
    frontDoors.set(manifest.name + subpath.slice(1), source.replace("./", ""));
}
/** Programs are built from sources of the same name. */
const programs = Object.values<string>(manifest.bin).map((path) =>
  path.replace("./dist/", "src/").replace(/\.js$/, ".ts"),
);

/** Files that a file needs: what it imports, and what it names in a string, to start it as a process. */
function neededBy(file: TreeFile): string[] {
  const needed = importsOf(file).flatMap(
    ({ specifier }) => targetOf(file, specifier) ?? frontDoors.get(specifier) ?? [],
  );
  walk(file.syntax, ({ kind, text }: any) => {
    if (kind !== SyntaxKind.StringLiteral || !/^[\w./-]+\.[jt]s$/.test(text)) return;
    const name = text.replace(/\.js$/, ".ts");
    for (const path of [join(file.path, "..", name).replaceAll("\\", "/"), name])
      if (byPath.has(path)) needed.push(path);
  });
  return needed;
}

function reachedFrom(entries: readonly string[]): Set<string> {
  const reached = new Set(entries);
  for (const path of reached) {
    const file = byPath.get(path);
    if (file) for (const needed of neededBy(file)) reached.add(needed);
  }
  return reached;
}

test("every source file is part of what is shipped", () => {
  const entries = [...frontDoors.values(), ...programs];
  assertNone(
    entries.filter((path) => !existsSync(inRoot(path))),
    "named by package.json and not there:",
  );
  const reached = reachedFrom(entries);
  const dead = sources.map(({ path }) => path).filter((path) => !reached.has(path));
  assertNone(dead, "reached from no export and no program of package.json; delete it or use it:");
});

test("every file beside the tests and scripts is used by one of them", () => {
  const commands = Object.values(manifest.scripts).join(" ");
  const isEntry = (path: string) =>
    path.endsWith(".test.ts") || /^test\/types\/|\/fixture\//.test(path) || commands.includes(path);
  const own = files.map(({ path }) => path).filter((path) => /^(test|scripts)\//.test(path));
  const reached = reachedFrom(own.filter(isEntry));
  const dead = own.filter((path) => !reached.has(path));
  assertNone(dead, "reached from no test and no npm script:");
});

interface Exported {
  readonly name: string;
  readonly place: string;
}

/**
 * The values that a file exports, re-exports included. Types are left out: one that only signatures use is still what a reader
 * of the signature looks up.
 */
function exportedValues(file: TreeFile): Exported[] {
  const found: Exported[] = [];
  const types: SyntaxKind[] = [SyntaxKind.InterfaceDeclaration, SyntaxKind.TypeAliasDeclaration];
  for (const node of file.syntax.statements as readonly any[]) {
    const add = (name: string) => found.push({ name, place: placeOf(file, node) });
    if (node.kind === SyntaxKind.ExportDeclaration && !node.isTypeOnly) {
      for (const { name, isTypeOnly } of node.exportClause?.elements ?? [])
        if (!isTypeOnly) add(name.text);
    }
    const isExported = node.modifiers?.some(({ kind }: any) => kind === SyntaxKind.ExportKeyword);
    if (!isExported || types.includes(node.kind)) continue;
    for (const { name } of node.declarationList?.declarations ?? []) if (name.text) add(name.text);
    if (node.name?.text) add(node.name.text);
  }
  return found;
}

test("every value that src exports is imported by somebody", () => {
  const used = new Set<string>();
  for (const file of files) {
    for (const { specifier, names } of importsOf(file)) {
      const target = targetOf(file, specifier) ?? frontDoors.get(specifier);
      for (const name of names) used.add(`${target} ${name}`);
    }
  }
  const doors = [...frontDoors.values()];
  const dead = sources
    .filter(({ path }) => !doors.includes(path) && !used.has(`${path} *`))
    .flatMap((file) =>
      exportedValues(file)
        .filter(({ name }) => !used.has(`${file.path} ${name}`))
        .map(({ name, place }) => `${place} ${name}`),
    );
  assertNone(dead, "exported and never imported; drop `export`, or the whole thing:");
});
