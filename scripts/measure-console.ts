/** How much the console loads, and how soon it can be used, of a small fleet: on a desktop as fast as this machine goes, and as a phone. */
import { openBrowser } from "../test/browser/support/browser.ts";
import { startConsoleFleet } from "../test/browser/support/console-fleet.ts";
import { desktop, phone } from "../test/browser/support/shop-pages.ts";
import { measureVisits } from "./measure/visits.ts";

const fleet = await startConsoleFleet();
const browser = await openBrowser();
const page = { url: () => fleet.signInUrl(), wanted: ".map .card" };
try {
  for (const [title, viewport, isPhone] of [
    ["this machine", desktop, false],
    ["a phone on slow 4G", phone, true],
  ] as const) {
    const visited = { ...page, viewport, isPhone };
    console.log(`${title}: ${await measureVisits(browser, visited, "map")}`);
  }
} finally {
  await browser.close();
  await fleet.stop();
}
