import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type ShopFleet, startShop } from "../support/shop-fleet.ts";
import { shopApi } from "../support/shop-suite.ts";
import { until } from "../support/until.ts";
import { assertAccessible } from "./support/accessibility.ts";
import { openBrowser, openPage } from "./support/browser.ts";
import { desktop, enter, firstCard, newName, password, phone } from "./support/shop-pages.ts";

let fleet: ShopFleet;
let browser: Browser;
const { api, member, admin } = shopApi(() => fleet.base);
before(async () => {
  fleet = await startShop();
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await fleet.stop();
});

for (const [size, viewport] of Object.entries({ desktop, phone })) {
  test(`a shopper looks around, becomes a member, reviews, is declined, buys and sees the purchase (${size})`, async () => {
    const { page, assertNoErrors } = await openPage(browser, fleet.base, viewport);
    page.setDefaultTimeout(60_000);
    await firstCard(page).waitFor();
    await assertAccessible(page);
    await findTeapot(page);
    await becomeMember(page);
    await review(page);
    await buy(page);
    await assertSession(page);
    assertNoErrors();
    await page.close();
  });

  test(`the shop's keeper adds a product, sets its stock, sees the orders and removes it (${size})`, async () => {
    const { page, assertNoErrors } = await openPage(browser, `${fleet.base}/shop/admin`, viewport);
    page.setDefaultTimeout(60_000);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await enter(page, "admin", "wrong password", "Sign in");
    await page.getByText("Name and password do not belong together.").waitFor();
    await enter(page, "admin", "open sesame 7", "Sign in");
    await page.getByRole("heading", { name: "Products", level: 1 }).waitFor();
    await page.locator("tbody tr").first().waitFor();
    await assertAccessible(page);
    const name = `<img src=x onerror="document.title='owned'"> Lamp ${size}`;
    await addProduct(page, name);
    await setStock(page, name);
    await seeOrders(page);
    await removeProduct(page, name);
    assert.doesNotMatch(await page.title(), /owned/);
    assertNoErrors();
    await page.close();
  });
}

test("who keeps no shop is told so, and is let into nothing", async () => {
  const { page, assertNoErrors } = await openPage(
    browser,
    `${fleet.base}/shop/sign-up?to=/shop/admin`,
  );
  await enter(page, newName(), password, "Become a member");
  await page.getByRole("heading", { name: "Only for shopkeepers" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Admin", exact: true }).count(), 0);
  await page.goto(`${fleet.base}/shop/sign-in?to=//evil.example/`);
  await page.goto(`${fleet.base}/shop/nothing-here`);
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await assertAccessible(page);
  assertNoErrors();
  await page.close();
});

async function findTeapot(page: Page) {
  await page.getByLabel("Search the shop").fill("teapot");
  await page.getByLabel("Search the shop").press("Enter");
  await page.getByRole("heading", { name: "Search: teapot" }).waitFor();
  await until("the search knows its products", async () => {
    if ((await page.getByText("Nothing has all of these words").count()) > 0) await page.reload();
    return (await firstCard(page).count()) > 0;
  });
  await assertAccessible(page);
  await firstCard(page).getByRole("link").click();
  await page.getByRole("button", { name: "Add to cart" }).waitFor();
  await page.getByText("Reviews", { exact: true }).waitFor();
  assert.match(await page.title(), /Teapot · Dure Shop/);
  const focused = await page.evaluate("document.activeElement.tagName");
  assert.equal(focused, "H1", "the new page's heading is read out");
}

/** What was wanted before goes into the cart; a mistake is told beside its field. */
async function becomeMember(page: Page) {
  const product = (await page.locator("h1").textContent()) ?? "";
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByText(`Then ${product} goes into your cart.`).waitFor();
  const name = newName();
  await enter(page, name, "short", "Become a member");
  const field = page.getByLabel("Password");
  await page.getByText("Choose a password of at least 8 characters.").waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  assert.equal(await field.evaluate((input) => input === input.ownerDocument.activeElement), true);
  await assertAccessible(page);
  await enter(page, name, password, "Become a member");
  await page.getByRole("link", { name: "Cart, 1 piece" }).waitFor();
  await page.getByRole("heading", { name: product }).waitFor();
}

/** What somebody writes is text, whatever it looks like. */
async function review(page: Page) {
  const text = `<script>document.title='owned'</script><img src=x onerror=alert(1)> ${newName()}`;
  await page.getByRole("button", { name: "Publish" }).click();
  await page.getByText("Choose one to five stars.").waitFor();
  await page.getByLabel("4 stars").check({ force: true });
  await page.getByLabel("What do you think of it?").fill(text);
  await page.getByRole("button", { name: "Publish" }).click();
  await page.locator(".review-list").getByText(text).waitFor();
  await page.locator(".review-list").getByRole("img", { name: "4 of 5 stars" }).first().waitFor();
  assert.doesNotMatch(await page.title(), /owned/);
  await assertAccessible(page);
}

async function buy(page: Page) {
  await page.getByRole("link", { name: "Cart, 1 piece" }).click();
  const quantity = page.locator(".lines select");
  await quantity.selectOption("2");
  await page.getByRole("link", { name: "Cart, 2 pieces" }).waitFor();
  await assertAccessible(page);
  const total = (await page.locator(".total strong").textContent()) ?? "";
  await page.getByRole("link", { name: "To the checkout" }).click();
  const pay = page.getByRole("button", { name: `Pay ${total}` });
  await pay.click();
  await page.getByText("A card number has 12 to 19 digits.").waitFor();
  await page.getByRole("button", { name: /Is declined/ }).click();
  await pay.click();
  await page.getByText("The card was declined. Nothing was charged").waitFor();
  await page.getByRole("link", { name: "Cart, 2 pieces" }).waitFor();
  await assertAccessible(page);
  await page.getByRole("button", { name: /^Pays/ }).click();
  await pay.click();
  await page.getByText("Thank you. Your purchase is complete.").waitFor();
  const order = page.locator(".orders > li").first();
  await order.locator(".order-head").getByText(total).waitFor();
  await order.getByText(/2 × .*Teapot/).waitFor();
  await page.getByRole("link", { name: "Cart, 0 pieces" }).waitFor();
  await assertAccessible(page);
}

/** A reload keeps the session, nothing outlasts the tab, and signing out ends it. */
async function assertSession(page: Page) {
  await page.reload();
  await page.locator(".orders > li").first().waitFor();
  assert.equal(await page.evaluate("document.cookie + localStorage.length"), "0");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

async function addProduct(page: Page, name: string) {
  await page.getByRole("link", { name: "Add a product" }).click();
  await page.getByRole("button", { name: "Add the product" }).click();
  await page.getByText("A product has a name.").waitFor();
  await assertAccessible(page);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Category").fill("Lights");
  await page.getByLabel("Price in dollars").fill("12.9");
  await page.getByLabel("Pieces in stock").fill("3");
  await page.getByRole("button", { name: "Add the product" }).click();
  await page.getByText(`${name} is on the shelves.`).waitFor();
  await until("the search has heard of it", async () => {
    const { items } = (await api("GET", `/search?q=${encodeURIComponent(name)}`)).body;
    return items.length === 1 && items[0].price === 1_290;
  });
  await findRow(page, name);
}

async function findRow(page: Page, name: string) {
  await page.getByLabel("Find a product").fill(name);
  await page.getByRole("button", { name: "Find", exact: true }).click();
  await page.getByRole("link", { name, exact: true }).waitFor();
}

/** Somebody buys while the page shows an older number: that is said, and nothing is overwritten. */
async function setStock(page: Page, name: string) {
  const [{ id }] = (await api("GET", `/search?q=${encodeURIComponent(name)}`)).body.items;
  const token = await member();
  await api("PUT", `/cart/items/${id}`, { token, body: { quantity: 1 } });
  assert.equal((await api("POST", "/checkout", { token, key: "one" })).status, 201);
  await page.getByLabel(`Stock of ${name}`, { exact: true }).fill("40");
  const save = page.getByRole("button", { name: `Save the stock of ${name}` });
  await save.click();
  await page.getByText("Somebody bought meanwhile: there are 2 now.").waitFor();
  await save.click();
  await page.getByText(`${name}: 40 in stock.`).waitFor();
  assert.equal((await api("GET", `/products/${id}`)).body.stock, 40);
}

async function seeOrders(page: Page) {
  await page.getByRole("link", { name: "Orders" }).click();
  const order = page.locator(".orders > li").first();
  await order.locator(".order-head").getByText("$12.90").waitFor();
  await order.getByText(/Member \d+/).waitFor();
  await assertAccessible(page);
}

async function removeProduct(page: Page, name: string) {
  await page.getByRole("link", { name: "Products" }).click();
  await findRow(page, name);
  const remove = page.getByRole("button", { name: `Remove ${name}` });
  await remove.click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await assertAccessible(page);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await remove.click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await page.getByText(`${name} is off the shelves.`).waitFor();
  await page.getByText("No product has these words.").waitFor();
  const { items } = (await api("GET", "/products?category=lights", { token: await admin() })).body;
  assert.deepEqual(
    items.filter((each: { name: string }) => each.name === name),
    [],
  );
}
