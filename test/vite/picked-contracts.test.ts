import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";
import { pickedContracts } from "../../src/vite/index.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "dure-vite-"));
});
after(() => rm(folder, { recursive: true }));

/** A page of the fixture as a bundle, and what the bundler warned of. */
async function bundle(page: string) {
  const warnings: string[] = [];
  await build({
    configFile: false,
    logLevel: "silent",
    plugins: [pickedContracts()],
    resolve: { conditions: ["dure-source", "module", "browser"] },
    build: {
      outDir: folder,
      lib: {
        entry: fileURLToPath(new URL(`fixture/${page}.ts`, import.meta.url)),
        formats: ["es"],
        fileName: page,
      },
      rolldownOptions: { onwarn: ({ message }) => warnings.push(message) },
    },
  });
  const file = join(folder, `${page}.js`);
  return { file, text: await readFile(file, "utf8"), warnings };
}

test("a bundle has the picked operations, and neither the others nor the library of schemas", async () => {
  const { text, warnings } = await bundle("page");
  assert.match(text, /\/books\/:id/);
  assert.doesNotMatch(text, /burn|books\.added|ZodError/);
  assert.ok(text.length < 40_000, `${text.length} bytes`);
  assert.deepEqual(warnings, []);
});

test("what is picked works in a bundle as it does without one: input, answer and typed errors", async () => {
  const { file } = await bundle("page");
  const { titleOf } = await import(pathToFileURL(file).href);
  const asked: string[] = [];
  const answers: Record<string, () => Response> = {
    "http://books/books/7": () => Response.json({ id: 7, title: "Dune" }),
    "http://books/books/8": () =>
      Response.json(
        { type: "urn:dure:error:NoSuchBook", code: "NoSuchBook", data: { id: 8 } },
        { status: 404, headers: { "content-type": "application/problem+json" } },
      ),
  };
  const fetch = async (url: string) => {
    asked.push(url);
    return answers[url]?.();
  };
  assert.equal(await titleOf(7, fetch), "Dune");
  assert.equal(await titleOf(8, fetch), "no book 8");
  await assert.rejects(titleOf("seven", fetch), /books\.get input\.id/);
  assert.equal(asked.length, 2);
});

test("a pick whose names only the running page knows stays as it is, with a warning", async () => {
  const { text, warnings } = await bundle("unclear-page");
  assert.match(text, /burn/);
  assert.match(warnings.join(), /pick\(books, name\) stays as it is/);
});

test("a name that the contract lacks fails the build", async () => {
  await assert.rejects(bundle("misspelt-page"), /books\.gett is no operation .*did you mean "get"/);
});
