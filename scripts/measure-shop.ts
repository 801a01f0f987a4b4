/** How much the storefront loads, and how soon it can be used, at the size of a phone: as fast as this machine goes, and as a phone. */
import { openBrowser } from "../test/browser/support/browser.ts";
import { phone } from "../test/browser/support/shop-pages.ts";
import { startShop } from "../test/support/shop-fleet.ts";
import { measureVisits } from "./measure/visits.ts";

const fleet = await startShop();
const browser = await openBrowser();
const page = { url: () => fleet.base, viewport: phone, wanted: ".shelf .card:not(.ghost)" };
try {
  for (const [title, isPhone] of [
    ["this machine", false],
    ["a phone on slow 4G", true],
  ] as const)
    console.log(`${title}: ${await measureVisits(browser, { ...page, isPhone }, "products")}`);
} finally {
  await browser.close();
  await fleet.stop();
}
