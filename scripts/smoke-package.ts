/** Packs the library, installs the tarball in an empty folder beside the shop, and runs the shop from it. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "../bench/harness/free-port.ts";
import { checkShop, runFleet } from "./smoke/fleet.ts";

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "dure-package-"));
const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
  encoding: "utf8",
});
const [{ filename }] = JSON.parse(packed);
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

cpSync(join(root, "examples/shop"), join(folder, "shop"), { recursive: true });
const dependencies = { dure: `file:../${filename}`, zod: "4.6.7" } as Record<string, string>;
for (const name of ["kysely", "pg", "node"]) dependencies[name] = devDependencies[name];
dependencies.jose = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies.jose;
const manifest = {
  name: "shop",
  private: true,
  type: "module",
  dependencies,
  allowScripts: { node: true },
};
writeFileSync(join(folder, "shop/package.json"), JSON.stringify(manifest, null, 2));
execFileSync("npm", ["install", "--no-fund", "--no-audit"], {
  cwd: join(folder, "shop"),
  stdio: "inherit",
});

const port = await freePort();
const distributorPort = await freePort();
// Not `npx dure up`: npx runs it below a shell, which passes on no signal that was sent to npx alone.
const programs = join(folder, "shop/node_modules/.bin");
const fleet = await runFleet([join(programs, "dure"), "up"], {
  cwd: join(folder, "shop"),
  env: {
    PORT: String(port),
    DURE_DISTRIBUTOR_PORT: String(distributorPort),
    DURE_CONSOLE_PORT: "0",
    NODE_OPTIONS: "",
    PATH: `${programs}${delimiter}${process.env.PATH}`,
  },
});
try {
  await checkShop(`http://127.0.0.1:${port}`, fleet, distributorPort);
} finally {
  await fleet.stop();
}
rmSync(folder, { recursive: true, force: true });
console.log("package: installed from its tarball in an empty folder, the shop runs from it");
