import { test } from "node:test";
import { assertNone, importsOf, placeOf, readTree, targetOf } from "./support/source-tree.ts";

/** Lowest first: a folder imports only those before it. */
const layers = [
  "kit",
  "telemetry",
  "contract",
  "http-client",
  "vite",
  "wire",
  "registry",
  "http",
  "mesh",
  "events",
  "saga",
  "gateway",
  "testing",
  "config",
  "supervisor",
  "sidecar",
  "certs",
  "console",
  "cli",
];
/** On top: nothing of the library may need them. */
const neverImported = ["testing", "cli"];
/** Only re-export, so that they may reach every folder's door. */
const frontDoors = ["src/index.ts", "src/node.ts"];

const sources = readTree().filter(({ path }) => path.startsWith("src/"));
const folderOf = (path: string) => (path.split("/").length > 2 ? path.split("/")[1] : undefined);

test("every folder of src has its place among the layers", () => {
  const unknown = sources
    .map(({ path }) => path)
    .filter((path) => !frontDoors.includes(path) && !layers.includes(folderOf(path) ?? ""));
  assertNone(unknown, "not in a known layer; put the folder into `layers` of this test:");
});

test("lower layers do not import upper ones", () => {
  const problems = sources.flatMap((file) => {
    const from = folderOf(file.path);
    if (!from) return [];
    return importsOf(file).flatMap(({ node, specifier }) => {
      const target = targetOf(file, specifier);
      const to = target && folderOf(target);
      if (target && !to) return [`${placeOf(file, node)} imports the front door ${target}`];
      if (!to || to === from) return [];
      if (neverImported.includes(to)) return [`${placeOf(file, node)}: nobody imports ${to}`];
      return layers.indexOf(to) < layers.indexOf(from)
        ? []
        : [`${placeOf(file, node)}: ${from} is below ${to}`];
    });
  });
  assertNone(problems, `a layer may import only what is lower (${layers.join(" < ")}):`);
});

test("folders are entered through their index.ts", () => {
  const problems = sources.flatMap((file) =>
    importsOf(file).flatMap(({ node, specifier }) => {
      const target = targetOf(file, specifier);
      const to = target && folderOf(target);
      if (!to || to === folderOf(file.path) || target === `src/${to}/index.ts`) return [];
      return [`${placeOf(file, node)} imports ${target}; import src/${to}/index.ts`];
    }),
  );
  assertNone(problems, "index.ts is a folder's only door:");
});

test("the front doors only re-export", () => {
  const problems = sources
    .filter(({ path }) => frontDoors.includes(path))
    .filter((file) => importsOf(file).length !== file.syntax.statements.length)
    .map(({ path }) => path);
  assertNone(problems, "a front door holds re-exports and nothing else:");
});

test("what is for browsers runs there: nothing that it reaches imports node:", () => {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const seen = new Set(["src/index.ts", "src/http-client/index.ts"]);
  const problems: string[] = [];
  for (const path of seen) {
    const file = byPath.get(path);
    if (!file) continue;
    for (const { node, specifier } of importsOf(file)) {
      // `import type` is erased, so it never runs.
      if (/^(import|export) type\b/.test(node.getText(file.syntax))) continue;
      if (specifier.startsWith("node:")) problems.push(`${placeOf(file, node)}: ${specifier}`);
      const target = targetOf(file, specifier);
      if (target) seen.add(target);
    }
  }
  assertNone(problems, "reached from what browsers import:");
});

test("core/ decides and does no I/O", () => {
  /** Bytes in memory are no I/O. */
  const harmless = ["node:buffer", "node:path"];
  const problems = sources
    .filter(({ path }) => path.includes("/core/"))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith("node:") && !harmless.includes(specifier))
        .map(({ node, specifier }) => `${placeOf(file, node)} imports ${specifier}`),
    );
  assertNone(problems, "files in core/ are pure; do it in the shell beside them:");
});
