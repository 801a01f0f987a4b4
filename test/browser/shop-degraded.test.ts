import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type ShopFleet, startShop } from "../support/shop-fleet.ts";
import { assertAccessible } from "./support/accessibility.ts";
import { openBrowser } from "./support/browser.ts";
import { firstCard, phone, signUp } from "./support/shop-pages.ts";

let fleet: ShopFleet;
let browser: Browser;
before(async () => {
  fleet = await startShop();
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await fleet.stop();
});

/** A page on which failed requests are expected, and nothing else may go wrong. */
async function open(path: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: phone });
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    const isRefusal = /the server responded with a status of \d+/.test(message.text());
    if (message.type() === "error" && !isRefusal) errors.push(message.text());
  });
  await page.goto(fleet.base + path);
  return { page, errors };
}

/** Stops a process's instances without ending them, as a hung program is, while the work is done. */
async function without(name: string, work: () => Promise<void>): Promise<void> {
  const pids = (await fleet.ps())
    .filter((each) => each.name.startsWith(`${name}-`))
    .flatMap(({ pid }) => pid ?? []);
  assert.ok(pids.length > 0, name);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    await work();
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
}

test("without the search the shelves are open, and a search shows them", async () => {
  const { page, errors } = await open("/");
  await without("search", async () => {
    await page.reload();
    await page.getByText("What others like is not known just now.").waitFor();
    await firstCard(page).waitFor();
    await page.getByLabel("Search the shop").fill("kettle");
    await page.getByLabel("Search the shop").press("Enter");
    await page.getByText("The search is resting.").waitFor();
    await firstCard(page).waitFor();
    await assertAccessible(page);
  });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText(/^\d+ products/).waitFor();
  assert.deepEqual(errors, []);
  await page.close();
});

test("without reviews a product is shown and goes into the cart", async () => {
  const { page, errors } = await open("/");
  await signUp(page);
  await without("reviews", async () => {
    await page.goto(`${fleet.base}/shop/7`);
    await page.getByText("Reviews are resting. Everything else works.").waitFor();
    await page.getByRole("button", { name: "Add to cart" }).click();
    await page.getByRole("link", { name: "Cart, 1 piece" }).waitFor();
    await assertAccessible(page);
  });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Nobody has written one yet.").waitFor();
  assert.deepEqual(errors, []);
  await page.close();
});

test("without purchases the shop goes on, and a purchase is never charged twice", async () => {
  const { page, errors } = await open("/");
  await signUp(page);
  await page.goto(`${fleet.base}/shop/9`);
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByRole("link", { name: "Cart, 1 piece" }).waitFor();
  const pay = page.getByRole("button", { name: /^Pay \$/ });
  await without("purchases", async () => {
    await page.getByRole("link", { name: "Purchases" }).click();
    await page.getByText("Your purchases cannot be listed just now.").waitFor();
    await assertAccessible(page);
    await page.goto(`${fleet.base}/shop/checkout`);
    await page.getByRole("button", { name: /^Pays/ }).click();
    await pay.click();
    await page.getByText("Your purchase is still being worked on.").waitFor();
  });
  await pay.click();
  await page.getByText("Thank you. Your purchase is complete.").waitFor();
  await page.locator(".orders > li").first().waitFor();
  assert.equal(await page.locator(".orders > li").count(), 1);
  assert.deepEqual(errors, []);
  await page.close();
});
