/** The files of a new project, by path. What is between the quotes is what the user reads first: keep it plain. */
export function projectFiles(name: string, versions: TemplateVersions): Record<string, string> {
  return {
    "package.json": `${JSON.stringify(manifest(name, versions), null, 2)}\n`,
    "tsconfig.json": tsconfig,
    "contracts/tsconfig.json": contractsTsconfig,
    "dure.config.ts": config(name),
    ...serviceFiles("hello"),
    ".gitignore": "node_modules/\n.dure/\n.env\n.env.*\n*.tsbuildinfo\n",
    "README.md": readme(name),
  };
}

/** The files of a service that greets, by path: contract, handlers, test. `name` is a service's, such as `gift-cards`. */
export function serviceFiles(name: string): Record<string, string> {
  const identifier = name.replace(/-+(.)/g, (_, letter: string) => letter.toUpperCase());
  return {
    [`contracts/${name}.ts`]: contract(name, identifier),
    [`services/${name}.ts`]: service(name, identifier),
    [`test/${name}.test.ts`]: test(name, identifier),
  };
}

/** The line of `services` in the configuration that loads a service. */
export function configLine(name: string): string {
  const property = /^[a-z0-9]+$/.test(name) ? name : JSON.stringify(name);
  return `${property}: () => import("./services/${name}.ts"),`;
}

/** Versions that the project starts with. */
export interface TemplateVersions {
  /** A version range, or `file:` and a path. */
  readonly dure: string;
  readonly zod: string;
  readonly typescript: string;
  readonly nodeTypes: string;
  /** Set where the machine's own Node is too old: the project then gets one from npm. */
  readonly node: string | undefined;
}

function manifest(name: string, versions: TemplateVersions): object {
  const { dure, zod, typescript, nodeTypes, node } = versions;
  return {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    engines: { node: ">=22.18" },
    scripts: {
      dev: "dure dev",
      start: "dure up",
      test: "node --test",
      types: "tsc --build",
    },
    dependencies: { dure, zod },
    devDependencies: {
      "@types/node": nodeTypes,
      ...(node ? { node } : {}),
      typescript,
    },
    // Newer versions of npm run a package's install script only where it is allowed.
    ...(node ? { allowScripts: { node: true } } : {}),
  };
}

const tsconfig = `{
  "compilerOptions": {
    "target": "esnext",
    "module": "nodenext",
    "types": ["node"],
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "exclude": ["node_modules", ".dure", "contracts"],
  "references": [{ "path": "./contracts" }]
}
`;

const contractsTsconfig = `{
  "extends": "../tsconfig.json",
  "compilerOptions": {
    "composite": true,
    "noEmit": false,
    "emitDeclarationOnly": true,
    "rootDir": ".",
    "outDir": "../.dure/types/contracts"
  },
  "include": ["."],
  "exclude": [],
  "references": []
}
`;

const config = (name: string) => `import { defineConfig } from "dure";

export default defineConfig({
  name: ${JSON.stringify(name)},
  services: {
    ${configLine("hello")}
  },
  // \`dure dev\` runs everything in one process; \`dure up\` runs these.
  processes: {
    hello: { instances: 2 },
  },
});
`;

const contract = (name: string, identifier: string) => `import { contract, op } from "dure";
import { z } from "zod";

/** What the service offers. Data only: browsers, the gateway and other services import it. */
export const ${identifier} = contract("${name}", {
  greet: op({
    http: "GET /${name}/:name",
    auth: "public",
    input: z.object({ name: z.string() }),
    output: z.object({ text: z.string() }),
    errors: { Unwelcome: { status: 403, data: z.object({ name: z.string() }) } },
  }),
});
`;

const service = (name: string, identifier: string) => `import { service } from "dure";
import { ${identifier} } from "../contracts/${name}.ts";

/** The handlers. They are the same in one process and in a hundred. */
export default service(${identifier}, ({ handle }) =>
  handle({
    greet: ({ name }, ctx) =>
      name === "Eve" ? ctx.fail("Unwelcome", { name }) : { text: \`Hello, \${name}\` },
  }),
);
`;

const test = (name: string, identifier: string) => `import assert from "node:assert/strict";
import { test } from "node:test";
import { testMesh } from "dure/testing";
import { ${identifier} } from "../contracts/${name}.ts";
import service from "../services/${name}.ts";

test("greets by name, but not Eve", async () => {
  const mesh = await testMesh({ services: [service] });
  try {
    assert.deepEqual(await mesh.client(${identifier}).greet({ name: "Kim" }), { text: "Hello, Kim" });
    const refused = await mesh.client(${identifier}).greet({ name: "Eve" }).result();
    assert.equal(refused.ok ? undefined : refused.error.code, "Unwelcome");
  } finally {
    await mesh.close();
  }
});
`;

const readme = (name: string) => `# ${name}

\`\`\`
npm install
npx dure dev      # everything in one process, restarted when a file changes
npx dure up       # a process for each instance, a Distributor and a gateway
npm test
\`\`\`

Then \`curl localhost:8080/hello/Kim\`, or \`npx dure call hello.greet '{"name":"Kim"}'\`.

| folder | holds |
|---|---|
| \`contracts/\` | what services offer: data and types that any caller imports |
| \`services/\` | the handlers |
| \`dure.config.ts\` | which services there are, and how many processes run them |
`;
