import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { placeOf } from "../../src/config/core/place-of.ts";

/** `^` in a source marks the place that is looked for; without one nothing may be found. */
function check(path: string, marked: string): void {
  const at = marked.indexOf("^");
  const before = marked.slice(0, Math.max(0, at)).split("\n");
  const expected =
    at === -1 ? undefined : { line: before.length, column: (before.at(-1) ?? "").length + 1 };
  assert.deepEqual(placeOf(marked.replace("^", ""), path), expected, `${path} of ${marked}`);
}

test("a setting is found where it is written, whatever is around it", () => {
  check("port", "export default { ^port: 8 }");
  check(
    "gateway.port",
    'export default defineConfig({\n  name: "port",\n  gateway: { ^port: 1 },\n});',
  );
  check(
    "gateway.port",
    "export default {\n  console: { port: 2 },\n  gateway: { ^port: 1 },\n  distributor: { port: 3 } };",
  );
  check(
    "profiles.a.gateway.port",
    "export default { gateway: { port: 1 }, profiles: { b: { gateway: { port: 1 } }, a: { gateway: { ^port: 2 } } } };",
  );
  check(
    "gateway.port",
    "// gateway: { port: 1 }\n/* export default { gateway: { port: 2 } } */\nexport default { gateway: { ^port: 3 } };",
  );
  check(
    "b",
    `export default { a: \`}\${\`\${{ b: 1 }}\`} b: 2\`, x: /[/}]b: 3/, y: 4 / 2, z: (1) / 2, ^b: 5 }`,
  );
  check(
    "b",
    "export default { a: (x) => { const b = { b: 1 }; return [b, x]; }, async f(b) { b: 1 }, ^b: 1 }",
  );
  check(
    "services.a",
    'import "./a.ts";\nexport default { services: { "x-y": () => import("./b.ts"), ^a: () => import("./a.ts") } } satisfies Config;',
  );
});

test("names in quotes, as in JSON, and members of lists are found", () => {
  check("env.a-b.KEY", 'export default { "env": { "a-b": { ^"KEY": 1 } } }');
  check("l.1.b", "export default { l: [{ b: 1, }, { ^b: 2 }, ] }");
  check("l.2", "export default { l: ['x', [1, 2], ^f(1, 2)] }");
  check("l.1.0", "export default { l: ['x', [^1, 2]] as const }");
});

test("of a name that is there twice the last counts, as in the language", () => {
  check("port", "export default { port: 1, ^port: 2 }");
});

test("what is missing is told where it belongs", () => {
  check("l.0.name", "export default { l: [^{ port: 1 }] }");
  check("gateway.auth", "export default { ^gateway: {} }");
  check("name", "export default { port: 1 }");
});

test("a constant of the same file is followed, unless something else uses it too", () => {
  check("gateway.port", "const gateway: G = { ^port: 1 };\nexport default { gateway };");
  check(
    "gateway.port",
    "const g = { ^port: 1 }\nconst config = { gateway: g } as const\nexport default config",
  );
  check("gateway.port", "const g = { port: 1 };\ng.port = 2;\nexport default { gateway: g };");
  check("gateway.port", "let g = { port: 1 };\nexport default { gateway: g };");
});

test("nothing is said of what is computed, spread, imported, or cannot be read", () => {
  check("gateway.port", "export default { gateway: { port: 1, ...more } }");
  check("gateway.port", "export default { gateway: { ...more } }");
  check("gateway.port", "export default { gateway: { port: 1, [name]: 2 } }");
  check("gateway.port", "export default { gateway: make({ port: 1 }) }");
  check("gateway.port", "export default { gateway: isLocal ? { port: 1 } : { port: 2 } }");
  check("gateway.port", "export default { gateway: { port: 1 }.port }");
  check("gateway.port", "import { gateway } from './gateway.ts';\nexport default { gateway }");
  check("gateway.port", "export default merge({ gateway: { port: 1 } })");
  check("l.1", "export default { l: [...a, 1, 2] }");
  check("port", "export const config = { port: 1 }");
  check("port", "export default { port: 1 ");
  check("port", "export default { a: `, port: 1 }");
  check("port", "export default { a: 'x, port: 1 }");
  check("a", "export default { get a() { return 1 } }");
  check("a", "");
  // A later spread may hold it once more; an earlier one is beaten.
  check("gateway.port", "export default { gateway: { ...more, ^port: 1 } }");
});

test("every setting of any object that is written out is found at its own place", () => {
  const name = fc.constantFrom("a", "b", "port", "with space", "export", "default");
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.constantFrom(
      "1",
      '"}"',
      "'{'",
      "() => ({ a: 1 })",
      "/\\}/",
      `\`\${a}}\``,
      "f(a, {})",
      "a / b",
    ),
    object: fc.dictionary(name, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
    list: fc.array(tie("tree"), { maxLength: 3 }),
    tree: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("object"), tie("list")),
  }));
  const blanks = fc.constantFrom("", " ", "\n", " // a: { b\n", "/* } */");
  fc.assert(
    fc.property(
      fc.dictionary(name, tree, { minKeys: 1, noNullPrototype: true }),
      blanks,
      (object, blank) => {
        const places = new Map<string, number>();
        let source = `${blank}export default `;
        const write = (value: unknown, path: string[]): void => {
          if (typeof value === "string") {
            source += value;
            return;
          }
          const isList = Array.isArray(value);
          source += isList ? `[${blank}` : `{${blank}`;
          for (const [key, inner] of Object.entries(value as object)) {
            places.set([...path, key].join("."), source.length);
            if (!isList) source += `${/ /.test(key) ? JSON.stringify(key) : key}${blank}:${blank}`;
            write(inner, [...path, key]);
            source += `${blank},${blank}`;
          }
          source += isList ? "]" : "}";
        };
        write(object, []);
        for (const [path, at] of places) {
          const before = source.slice(0, at).split("\n");
          const expected = { line: before.length, column: (before.at(-1) ?? "").length + 1 };
          assert.deepEqual(placeOf(source, path), expected, `${path} of ${source}`);
        }
      },
    ),
  );
});
