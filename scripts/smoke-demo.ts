/** Runs the README's first command as a user would, uses the shop, kills its Distributor, and stops it with Ctrl-C. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../bench/harness/free-port.ts";
import { checkShop, runFleet } from "./smoke/fleet.ts";

const data = mkdtempSync(join(tmpdir(), "dure-smoke-"));
const port = await freePort();
const distributorPort = await freePort();
const fleet = await runFleet(["npm", "run", "demo"], {
  cwd: process.cwd(),
  env: {
    PORT: String(port),
    DURE_DISTRIBUTOR_PORT: String(distributorPort),
    DURE_CONSOLE_PORT: "0",
    DURE_DATA: data,
  },
});
try {
  await checkShop(`http://127.0.0.1:${port}`, fleet, distributorPort);
} finally {
  await fleet.stop();
}
rmSync(data, { recursive: true, force: true });
console.log(
  "demo: ready, used, survived its Distributor, stopped with exit code 0, no process left",
);
