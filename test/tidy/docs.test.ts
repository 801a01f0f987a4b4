import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { assertNone, inRoot, lineOf } from "./support/source-tree.ts";

const pages = globSync(["*.md", "docs/**/*.md", "examples/**/*.md", "test/**/*.md"], {
  cwd: inRoot("."),
  exclude: ["**/node_modules/**"],
})
  .map((path) => path.replaceAll("\\", "/"))
  .map((path) => ({ path, text: readFileSync(inRoot(path), "utf8") }));

/** A page with its code replaced by spaces of the same length: links in code are no links. */
function prose(text: string): string {
  const blank = (code: string) => code.replace(/[^\n]/g, " ");
  return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, blank).replace(/`[^`\n]*`/g, blank);
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ""] of text
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, "")
    .matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

test("links in the docs lead somewhere", () => {
  const problems = pages.flatMap(({ path, text }) =>
    [...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s+(\S+)/gm)]
      .map((match) => ({ link: match[1] ?? match[2] ?? "", line: lineOf(text, match.index) }))
      .filter(({ link }) => !/^[a-z][a-z+.-]*:/i.test(link))
      .flatMap(({ link, line }) => {
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? path : join(dirname(path), decodeURIComponent(file));
        if (!existsSync(inRoot(target))) return [`${path}:${line}: ${link}`];
        if (!anchor || statSync(inRoot(target)).isDirectory() || !target.endsWith(".md")) return [];
        const anchors = anchorsOf(readFileSync(inRoot(target), "utf8"));
        return anchors.has(anchor) ? [] : [`${path}:${line}: ${link} (no such heading)`];
      }),
  );
  assertNone(problems, "broken links:");
});

test("files and folders that the docs name exist", () => {
  const isPath = /^(?:src|test|docs|examples|bench|scripts|\.ci)\/[\w./-]*$/;
  const problems = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/`([^`\n]+)`/g)]
      .map((match) => ({ name: match[1] ?? "", line: lineOf(text, match.index) }))
      .filter(({ name }) => isPath.test(name) && !existsSync(inRoot(name)))
      .map(({ name, line }) => `${path}:${line}: ${name}`),
  );
  assertNone(problems, "named in the docs and not there:");
});

test("npm scripts that the docs name exist", () => {
  const { scripts } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
  const problems = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpm run (?:--\S+ )*([a-z][\w:-]*)/g)]
      .filter((match) => !Object.hasOwn(scripts, match[1] ?? ""))
      .map((match) => `${path}:${lineOf(text, match.index)}: npm run ${match[1]}`),
  );
  assertNone(problems, "no such script in package.json:");
});

test("every page has one title", () => {
  const problems = pages
    .map(({ path, text }) => ({ path, count: prose(text).match(/^# /gm)?.length ?? 0 }))
    .filter(({ path, count }) => path !== "README.md" && count !== 1)
    .map(({ path, count }) => `${path} has ${count}`);
  assertNone(problems, "a page has one first-level heading:");
});
