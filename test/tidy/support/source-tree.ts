/** The repository as the tidy tests see it: every TypeScript file with its syntax tree, read once through the compiler's own API. */
import { globSync } from "node:fs";
import { join, relative } from "node:path";
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

const root = join(import.meta.dirname, "../../..");

/** One file. `path` is relative to the repository, with forward slashes. */
export interface TreeFile {
  readonly path: string;
  readonly syntax: SourceFile;
  readonly text: string;
}

/** The files that `tsconfig.json` includes: sources, tests, examples, scripts and what of `bench/` needs no peer. */
export function readTree(): TreeFile[] {
  const api = new API({ cwd: root });
  const config = join(root, "tsconfig.json");
  const project = api.updateSnapshot({ openProject: config }).getProject(config);
  if (!project) throw new Error(`${config} is not a project`);
  const files = project.program
    .getSourceFileNames()
    .map((name) => ({ name, path: relative(root, name).replaceAll("\\", "/") }))
    .filter(({ path }) => !path.startsWith("..") && !path.includes("node_modules/"))
    .map(({ name, path }) => {
      const syntax = project.program.getSourceFile(name);
      if (!syntax) throw new Error(`${path} has no syntax tree`);
      return { path, syntax, text: syntax.text };
    });
  api.close();
  const missing = globSync("src/**/*.ts", { cwd: root }).filter(
    (path) => !files.some((file) => file.path === path.replaceAll("\\", "/")),
  );
  if (missing.length > 0) throw new Error(`tsconfig.json leaves out ${missing.join(", ")}`);
  return files;
}

/** The absolute path of a file or folder of the repository. */
export function inRoot(path: string): string {
  return join(root, path);
}

/** Calls `visit` for a node and everything below it. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/** `src/wire/link.ts:42`, which editors and terminals open. */
export function placeOf(file: TreeFile, node: Node): string {
  return `${file.path}:${lineOf(file.text, node.getStart(file.syntax))}`;
}

/** The line of an offset, from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** How many lines a node takes, without the comment above it. */
export function lineCountOf(file: TreeFile, node: Node): number {
  return lineOf(file.text, node.end) - lineOf(file.text, node.getStart(file.syntax)) + 1;
}

/** What a file takes from another. */
export interface Import {
  readonly node: Node;
  readonly specifier: string;
  /** The imported names; `*` for all of them. */
  readonly names: readonly string[];
  readonly isReExport: boolean;
}

/** All static imports, re-exports and `import()` calls of a file. */
export function importsOf(file: TreeFile): Import[] {
  const found: Import[] = [];
  walk(file.syntax, (node: any) => {
    if (node.kind === SyntaxKind.ImportDeclaration) {
      const { name, namedBindings } = node.importClause ?? {};
      const names: string[] = name ? ["default"] : [];
      if (namedBindings?.kind === SyntaxKind.NamespaceImport) names.push("*");
      for (const element of namedBindings?.elements ?? [])
        names.push((element.propertyName ?? element.name).text);
      found.push({ node, specifier: node.moduleSpecifier.text, names, isReExport: false });
    } else if (node.kind === SyntaxKind.ExportDeclaration && node.moduleSpecifier) {
      const elements: any[] = node.exportClause?.elements ?? [];
      const names = elements.map((element) => (element.propertyName ?? element.name).text);
      const specifier = node.moduleSpecifier.text;
      found.push({ node, specifier, names: names.length ? names : ["*"], isReExport: true });
    } else if (
      (node.kind === SyntaxKind.CallExpression &&
        node.expression.kind === SyntaxKind.ImportKeyword) ||
      node.kind === SyntaxKind.ImportType
    ) {
      const literal = node.arguments?.[0] ?? node.argument?.literal;
      if (node.kind === SyntaxKind.ImportType && !literal) return;
      if (literal?.kind === SyntaxKind.StringLiteral)
        found.push({ node, specifier: literal.text, names: ["*"], isReExport: false });
    }
  });
  return found;
}

/** The file that a relative specifier names; undefined for packages. */
export function targetOf(file: TreeFile, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return join(file.path, "..", specifier).replaceAll("\\", "/");
}

/** Fails with one line for each problem, so that all are seen at once. */
export function assertNone(problems: readonly string[], rule: string): void {
  if (problems.length === 0) return;
  throw new Error(`${rule}\n  ${[...problems].sort().join("\n  ")}`);
}
