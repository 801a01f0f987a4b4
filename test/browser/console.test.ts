import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { until } from "../support/until.ts";
import { seriousFindings } from "./support/accessibility.ts";
import { openBrowser, openPage } from "./support/browser.ts";
import { type ConsoleFleet, evil, startConsoleFleet } from "./support/console-fleet.ts";

const sizes = [
  { name: "a desktop", viewport: { width: 1280, height: 800 } },
  { name: "a phone", viewport: { width: 390, height: 844 } },
];
const pages =
  "topology topology/services topology/instances topology/machines topology/service/stock processes catalogue catalogue/orders/get traces logs topics topics/dead sagas routes limits audit";

let fleet: ConsoleFleet;
let browser: Browser;
before(async () => {
  fleet = await startConsoleFleet();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await fleet?.stop();
});

async function openConsole(viewport: { width: number; height: number }) {
  const opened = await openPage(browser, await fleet.signInUrl(), viewport);
  const { page } = opened;
  await page.getByText("Live", { exact: true }).waitFor();
  assert.doesNotMatch(page.url(), /token/, "the token stays in the address");
  return opened;
}

async function goTo(page: Page, place: string): Promise<void> {
  await page.evaluate(`location.hash = "#/${place}"`);
}

for (const { name, viewport } of sizes) {
  test(`on ${name}, a slow call is found, and its trace says why`, async () => {
    const { page, assertNoErrors } = await openConsole(viewport);
    await page.locator(".map .card", { hasText: "stock" }).waitFor();
    const { status } = await fetch(`${fleet.base}/orders/slow`);
    assert.equal(status, 200);
    await goTo(page, "traces");
    await page.getByLabel("Took").selectOption("100");
    await page
      .getByRole("link", { name: /GET \/orders/ })
      .first()
      .click();
    const spans = page.getByRole("region", { name: "Spans" });
    await spans
      .getByRole("link", { name: /stock\.count/ })
      .last()
      .click();
    await page.getByRole("complementary").getByText("Took").waitFor();
    assertNoErrors();
    await page.close();
  });

  test(`on ${name}, a dead letter is mended and replayed, and the log shows what came of it`, async () => {
    const { page, assertNoErrors } = await openConsole(viewport);
    const id = `order-${viewport.width}`;
    await fleet.placeUnbillable(id);
    await goTo(page, "topics/dead");
    const letters = page.getByRole("region", { name: "Dead letters" });
    await letters.getByRole("link", { name: "orders.placed" }).last().click();
    const data = page.getByLabel("Data");
    const body = await data.inputValue();
    assert.ok(body.includes(JSON.stringify(evil).slice(1, -1)), body);
    await data.fill(body.replace(/-1\b(?=\s*})/, "12"));
    await page.getByRole("button", { name: "Replay with this data" }).click();
    await page.getByText("Given back to billing").waitFor();
    await goTo(page, `logs?text=billed`);
    await page.getByRole("link", { name: `billed ${id}` }).waitFor();
    assertNoErrors();
    await page.close();
  });

  test(`on ${name}, a service is reloaded, and that is written down`, async () => {
    const { page, assertNoErrors } = await openConsole(viewport);
    await goTo(page, "processes");
    await page.getByRole("button", { name: "Reload stock-1" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Reload" }).click();
    await page.getByText("Reloaded stock-1").waitFor();
    await goTo(page, "audit");
    await page.getByRole("cell", { name: "reload", exact: true }).first().waitFor();
    assertNoErrors();
    await page.close();
  });
}

test("a line of the log is found by its quotes, and what it says is never markup", async () => {
  const { page, assertNoErrors } = await openConsole({ width: 1280, height: 800 });
  await fleet.placeUnbillable("quoted");
  await goTo(
    page,
    `logs?${new URLSearchParams({ text: `src=x onerror="document.title='owned'"` })}`,
  );
  await page
    .getByRole("link", { name: `placed ${evil}` })
    .first()
    .click();
  const line = page.getByRole("complementary", { name: "The line" });
  await line.getByText(`placed ${evil}`).waitFor();
  assert.equal(await page.locator("main img").count(), 0);
  assert.match(await page.title(), /Dure console$/);
  assertNoErrors();
  await page.close();
});

test("any operation can be tried by a form, and its answer leads to its trace", async () => {
  const { page, assertNoErrors } = await openConsole({ width: 1280, height: 800 });
  await goTo(page, "catalogue/orders/get");
  await page.getByLabel("id").fill("abcde");
  await page.getByRole("combobox", { name: "colour" }).selectOption("red");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const answer = page.getByRole("region", { name: "Answer 1" });
  assert.deepEqual(JSON.parse((await answer.textContent()) ?? ""), { id: "abcde", left: 5 });
  await page.getByRole("link", { name: "Trace", exact: true }).click();
  await page
    .getByRole("link", { name: /stock\.count/ })
    .first()
    .waitFor();
  assertNoErrors();
  await page.close();
});

test("keys go to pages, to the search field, and show themselves", async () => {
  const { page, assertNoErrors } = await openConsole({ width: 1280, height: 800 });
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await page.getByRole("heading", { name: "Routes", level: 1 }).waitFor();
  await page
    .getByRole("region", { name: "Routes" })
    .locator("tbody tr:not(.spacer)")
    .first()
    .waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("orders/");
  await until(
    "one route is left",
    async () =>
      (await page
        .getByRole("region", { name: "Routes" })
        .locator("tbody tr:not(.spacer)")
        .count()) === 1,
  );
  await page.locator("h1").click();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assertNoErrors();
  await page.close();
});

for (const { name, viewport } of sizes) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`every page on ${name} in ${colorScheme} colours is accessible, fits, and runs no script of the fleet's`, async () => {
      await fleet.placeUnbillable(`axe-${name}-${colorScheme}`);
      const { page, assertNoErrors } = await openConsole(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const place of pages.split(" ")) {
        await goTo(page, place);
        await page.locator(".page h1").waitFor();
        await until(
          `${place} is loaded`,
          async () => (await page.locator(".skeleton").count()) === 0,
        );
        assert.deepEqual(await seriousFindings(page), [], place);
        const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assert.ok((overflow as number) <= 0, `${place} is ${overflow} px too wide`);
        assert.match(await page.title(), /Dure console$/, place);
      }
      assertNoErrors();
      await page.close();
    });
  }
}

test("what is on its way, what failed and what is not there are told apart, in words", async () => {
  const { page } = await openConsole({ width: 1280, height: 800 });
  const asked = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  let isBroken = true;
  await page.route("**/api/sagas*", async (route) => {
    asked.resolve();
    await mayAnswer.promise;
    if (!isBroken) return route.continue();
    const problem = { status: 503, code: "UNAVAILABLE", detail: "nobody answers" };
    await route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: JSON.stringify(problem),
    });
  });
  await goTo(page, "sagas");
  await asked.promise;
  await page.getByRole("status").getByText("Loading sagas").waitFor();
  mayAnswer.resolve();
  await page.getByRole("heading", { name: "Sagas cannot be reached" }).waitFor();
  await page.getByText("nobody answers").waitFor();
  isBroken = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "No sagas" }).waitFor();
  await page.getByText("None of this state, or no service runs any.").waitFor();
  for (const [place, title] of [
    ["logs?text=nobody-said-this", "No lines"],
    ["traces?text=nobody-asked-this", "No traces"],
    ["catalogue", "Choose a service"],
    ["catalogue/nobody", "Nobody offers nobody now"],
    ["topology/service/nobody", "No nobody here"],
  ] as const) {
    await goTo(page, place);
    await page.getByRole("heading", { name: title }).waitFor();
  }
  await page.close();
});

test("a console that is killed leaves a banner, and what was there; once it is back, the banner goes by itself", async () => {
  const { page } = await openConsole({ width: 1280, height: 800 });
  const card = page.locator(".map .card", { hasText: "stock" });
  await card.waitFor();
  fleet.killConsole();
  const banner = page.getByRole("alert").filter({ hasText: "Disconnected." });
  await banner.getByText(/What you see is from \d/).waitFor();
  assert.ok(await card.isVisible(), "what was known stays");
  assert.equal(await page.getByText("Live", { exact: true }).count(), 0);
  await banner.waitFor({ state: "hidden", timeout: 60_000 });
  await page.getByText("Live", { exact: true }).waitFor();
  await goTo(page, "routes");
  await page.getByRole("cell", { name: "/orders/:id", exact: true }).first().waitFor();
  await page.close();
});

test("a Distributor that is killed is shown, and who lost it", async () => {
  const { page, assertNoErrors } = await openConsole({ width: 1280, height: 800 });
  await page.getByText("connected", { exact: true }).waitFor();
  fleet.killDistributor();
  await page.getByText(/\d+ nodes lost the Distributor\./).waitFor();
  await page.getByText("lost", { exact: true }).waitFor();
  const { status } = await fetch(`${fleet.base}/orders/still`);
  assert.equal(status, 200, "calls go on");
  await goTo(page, "topology/instances");
  await page.getByText("no Distributor").first().waitFor();
  assertNoErrors();
  await page.close();
});
