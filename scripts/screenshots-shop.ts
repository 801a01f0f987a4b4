/** Makes the pictures of the shop that the docs show, from a fleet of its own: docs/images/shop-*.png. */
import type { Page } from "playwright-core";
import { openBrowser } from "../test/browser/support/browser.ts";
import { startShop } from "../test/support/shop-fleet.ts";
import { shopApi } from "../test/support/shop-suite.ts";
import { until } from "../test/support/until.ts";

const reviews = [
  { stars: 5, text: "Heavy in the best way. Like my grandmother's, but new." },
  { stars: 4, text: "Pours well; the lid is a bit shy." },
  { stars: 5, text: "Two winters old and none the worse for it." },
];
const wanted = [1, 9, 14, 31];

const fleet = await startShop();
const browser = await openBrowser();
try {
  await prepare();
  await picture("shop-catalogue", { width: 1200, height: 760 }, "light", async (page) => {
    await page.locator(".liked li").first().waitFor();
  });
  await picture("shop-product", { width: 1200, height: 760 }, "light", async (page) => {
    await page.goto(`${fleet.base}/shop/1`);
    await page.locator(".review-list li").first().waitFor();
  });
  await picture("shop-checkout-phone", { width: 390, height: 760 }, "dark", declined);
  await picture("shop-admin", { width: 1200, height: 760 }, "light", async (page) => {
    await page.goto(`${fleet.base}/shop/admin`);
    await page.getByLabel("Name").fill("admin");
    await page.getByLabel("Password").fill("open sesame 7");
    await page.locator("main").getByRole("button", { name: "Sign in" }).click();
    await page.locator("tbody tr").first().waitFor();
  });
} finally {
  await browser.close();
  await fleet.stop();
}

/** Some who have bought and say what they think, so that there is something to see. */
async function prepare(): Promise<void> {
  const { api, member } = shopApi(() => fleet.base);
  for (const review of reviews) {
    const token = await member();
    await api("POST", "/reviews", { token, body: { productId: 1, ...review } });
    for (const id of wanted)
      await api("PUT", `/cart/items/${id}`, { token, body: { quantity: 1 + (id % 3) } });
    await api("POST", "/checkout", { token, key: "once" });
  }
  await until("bestsellers are known", async () => {
    const { body } = await api("GET", "/bestsellers");
    return body.items?.length === wanted.length;
  });
}

async function declined(page: Page): Promise<void> {
  await page.goto(`${fleet.base}/shop/9`);
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByLabel("Name").fill("Kim");
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Become a member" }).click();
  await page.getByRole("link", { name: "Cart, 1 piece" }).waitFor();
  await page.goto(`${fleet.base}/shop/checkout`);
  await page.getByRole("button", { name: /Is declined/ }).click();
  await page.getByRole("button", { name: /^Pay \$/ }).click();
  await page.getByText("The card was declined.").waitFor();
}

interface Size {
  readonly width: number;
  readonly height: number;
}

async function picture(
  name: string,
  viewport: Size,
  colorScheme: "light" | "dark",
  arrange: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
  await page.goto(fleet.base);
  await page.locator(".shelf .card:not(.ghost)").first().waitFor();
  await arrange(page);
  await page.screenshot({ path: `docs/images/${name}.png` });
  await page.close();
  console.log(`docs/images/${name}.png`);
}
