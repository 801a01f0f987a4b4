import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../bench/harness/free-port.ts";
import { buildPage } from "../../scripts/build-pages.ts";
import { type Fleet, runFleet } from "../../scripts/smoke/fleet.ts";
import { type ProcessStatus, runningFleet } from "../../src/supervisor/index.ts";

/** The shop, running in many processes on ports and data of its own. */
export interface ShopFleet extends Fleet {
  readonly base: string;
  readonly distributorPort: number;
  readonly data: string;
  /** What `dure ps` shows. */
  ps(): Promise<readonly ProcessStatus[]>;
}

const pages = "examples/shop/web";

/** Starts the shop with `dure up`. Its pages are built where that was not done; `npm test` builds them whenever they have changed. */
export async function startShop(env: Record<string, string> = {}): Promise<ShopFleet> {
  if (!existsSync(`${pages}/dist/index.html`)) await buildPage(pages);
  const data = mkdtempSync(join(tmpdir(), "dure-shop-"));
  const port = await freePort();
  const distributorPort = await freePort();
  const cli = [process.execPath, "--conditions=dure-source", "src/cli/main.ts"];
  const environment = {
    PORT: String(port),
    DURE_DISTRIBUTOR_PORT: String(distributorPort),
    DURE_DATA: data,
    DURE_CONSOLE: "off",
    SHOP_ADMIN_PASSWORD: "open sesame 7",
    ...env,
  };
  const fleet = await runFleet([...cli, "up", "--config", "examples/shop/dure.config.ts"], {
    cwd: process.cwd(),
    env: environment,
  });
  return {
    ...fleet,
    base: `http://127.0.0.1:${port}`,
    distributorPort,
    data,
    async ps() {
      const running = await runningFleet(data);
      assert.ok(running, "the fleet is gone");
      return running.processes;
    },
    async stop() {
      await fleet.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
