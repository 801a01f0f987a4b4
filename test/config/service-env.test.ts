import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import fc from "fast-check";
import {
  type EnvFile,
  envLines,
  resolveServiceEnv,
  type ServiceEnvSources,
} from "../../src/config/index.ts";

const envFile = (name: string, text: string): EnvFile => ({
  name,
  values: parseEnv(text),
  lines: envLines(text),
});

function sources(more: Partial<ServiceEnvSources> = {}): ServiceEnvSources {
  return {
    builtIn: {},
    environment: {},
    profileFile: envFile(".env.production", ""),
    file: envFile(".env", ""),
    config: {},
    readFile: (path) => `content of ${path}\n`,
    ...more,
  };
}

test("the first of own variable, variable, file variable, profile's .env, .env and configuration wins", () => {
  const maybe = fc.option(fc.string(), { nil: undefined });
  const layers = fc.record({
    own: maybe,
    plain: maybe,
    filePath: fc.option(fc.constant("/run/secret"), { nil: undefined }),
    profileFile: maybe,
    file: maybe,
    config: maybe,
  });
  fc.assert(
    fc.property(layers, ({ own, plain, filePath, profileFile, file, config }) => {
      const { values } = resolveServiceEnv(
        "products",
        ["KEY"],
        sources({
          environment: { PRODUCTS__KEY: own, KEY: plain, KEY_FILE: filePath },
          profileFile: { ...envFile(".env.production", ""), values: { KEY: profileFile } },
          file: { ...envFile(".env", ""), values: { KEY: file } },
          config: config === undefined ? {} : { KEY: config },
        }),
      );
      const fromFile = filePath && "content of /run/secret";
      assert.equal(values.KEY, own ?? plain ?? fromFile ?? profileFile ?? file ?? config);
    }),
  );
});

test("only declared keys come out", () => {
  const environment = { PAGE_SIZE: "20", AWS_SECRET_ACCESS_KEY: "hush" };
  const { values } = resolveServiceEnv("products", ["PAGE_SIZE"], sources({ environment }));
  assert.deepEqual(values, { PAGE_SIZE: "20" });
});

test("a key may not reach what every object has", () => {
  const { values } = resolveServiceEnv("products", ["constructor", "__proto__"], sources());
  assert.deepEqual(Object.keys(values), []);
});

test("what the platform gives cannot be overridden", () => {
  const { values } = resolveServiceEnv(
    "products",
    ["DURE_DATA"],
    sources({ builtIn: { DURE_DATA: "/srv/.dure" }, environment: { DURE_DATA: ".dure" } }),
  );
  assert.deepEqual(values, { DURE_DATA: "/srv/.dure" });
});

test("a file variable that cannot be read is a problem that names it", () => {
  const { values, problems } = resolveServiceEnv(
    "products",
    ["STRIPE_KEY"],
    sources({
      environment: { STRIPE_KEY_FILE: "/run/gone" },
      readFile: () => {
        throw new Error("ENOENT: no such file");
      },
    }),
  );
  assert.deepEqual(values, {});
  assert.equal(problems[0]?.path, "STRIPE_KEY_FILE");
  assert.match(problems[0]?.message ?? "", /"\/run\/gone", which cannot be read: ENOENT/);
});

test("the prefix that gives a key to one service is its name in capitals", () => {
  const environment = { MY_STOCK__KEY: "mine", KEY: "everybody's" };
  const { values, origins } = resolveServiceEnv("my-stock", ["KEY"], sources({ environment }));
  assert.deepEqual(values, { KEY: "mine" });
  assert.deepEqual(origins, { KEY: "MY_STOCK__KEY" });
});

test("a value of an .env file is told with its line, the last one where there are two", () => {
  const text = [
    "# KEY=none",
    "KEY=first",
    'TEXT="several',
    "KEY=in a text",
    'lines"',
    "  export KEY = second # and a remark",
    "PRODUCTS__OWN='x'",
  ].join("\n");
  const file = envFile(".env", text);
  const profileFile = envFile(".env.production", "\r\nPAGE=3\r\n");
  const { values, origins } = resolveServiceEnv(
    "products",
    ["KEY", "TEXT", "OWN", "PAGE"],
    sources({ file, profileFile }),
  );
  assert.deepEqual(values, {
    KEY: "second",
    TEXT: "several\nKEY=in a text\nlines",
    OWN: "x",
    PAGE: "3",
  });
  assert.deepEqual(origins, {
    KEY: ".env:6",
    TEXT: ".env:3",
    OWN: ".env:7",
    PAGE: ".env.production:2",
  });
});

test("the lines of an .env file are those from which Node has the values", () => {
  const name = fc.constantFrom("A", "B", "LONG_NAME");
  const value = fc.constantFrom(
    "",
    "1",
    "'q'",
    '"d"',
    "`t`",
    '"two\nlines"',
    "'A=1\nB=2'",
    "x # y",
    "a=b",
  );
  const line = fc.oneof(
    fc.tuple(name, value).map(([key, text]) => `${key}=${text}`),
    fc.constantFrom("", "# A=2", "nothing"),
  );
  fc.assert(
    fc.property(fc.array(line), (parts) => {
      const text = parts.join("\n");
      const lines = envLines(text);
      const values = parseEnv(text);
      assert.deepEqual([...lines.keys()].sort(), Object.keys(values).sort());
      for (const [key, at] of lines) {
        const rest = text
          .split("\n")
          .slice(at - 1)
          .join("\n");
        assert.ok(rest.startsWith(`${key}=`));
        assert.equal(parseEnv(rest)[key], values[key], text);
      }
    }),
  );
});
