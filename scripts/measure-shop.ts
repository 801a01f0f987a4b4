/**
 * How much the storefront loads, and how soon it can be used: a cold browser without a cache on its first visit, once as fast as this machine
 * goes and once as Lighthouse imagines a phone (its "mobile slow 4G": 150 ms, 1.6 Mbit/s, a processor four times slower). Medians.
 */
import type { Browser, CDPSession } from "playwright-core";
import { openBrowser } from "../test/browser/support/browser.ts";
import { phone } from "../test/browser/support/shop-pages.ts";
import { startShop } from "../test/support/shop-fleet.ts";
import { until } from "../test/support/until.ts";

interface Visit {
  readonly bytes: number;
  readonly requests: number;
  /** First text or picture, products on the shelves, and the last long task before the page is quiet; ms. */
  readonly paintMs: number;
  readonly productsMs: number;
  readonly interactiveMs: number;
}

const visits = 7;
/** Quiet for so long, a page counts as done with loading (Lighthouse waits 5 s; nothing of the shop begins by itself later). */
const quietMs = 2_000;

/** Runs in the page, before its own scripts. */
const watch = `
  window.watched = { paint: 0, products: 0, task: 0, last: 0 };
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries())
      if (name === "first-contentful-paint") watched.paint = watched.last = startTime;
  }).observe({ type: "paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) watched.task = watched.last = startTime + duration;
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const { responseEnd } of list.getEntries()) watched.last = Math.max(watched.last, responseEnd);
  }).observe({ type: "resource", buffered: true });
  new MutationObserver(() => {
    if (watched.products || !document.querySelector(".shelf .card:not(.ghost)")) return;
    watched.products = watched.last = performance.now();
  }).observe(document, { childList: true, subtree: true });
`;

const fleet = await startShop();
const browser = await openBrowser();
try {
  for (const [title, isPhone] of [
    ["this machine", false],
    ["a phone on slow 4G", true],
  ] as const) {
    const all: Visit[] = [];
    for (let count = 0; count < visits; count += 1) all.push(await visit(browser, isPhone));
    const median = (pick: (each: Visit) => number) =>
      Math.round(all.map(pick).sort((left, right) => left - right)[visits >> 1] as number);
    console.log(
      `${title}: ${(median((each) => each.bytes) / 1_000).toFixed(1)} kB in ${median((each) => each.requests)} requests; ` +
        `first paint ${median((each) => each.paintMs)} ms, products ${median((each) => each.productsMs)} ms, ` +
        `interactive ${median((each) => each.interactiveMs)} ms`,
    );
  }
} finally {
  await browser.close();
  await fleet.stop();
}

async function visit(from: Browser, isPhone: boolean): Promise<Visit> {
  const context = await from.newContext({ viewport: phone });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const sums = await count(session);
  if (isPhone) await slowDown(session);
  await page.addInitScript(watch);
  await page.goto(fleet.base);
  await page.locator(".shelf .card:not(.ghost)").first().waitFor();
  await until("the page is quiet", () =>
    page.evaluate(`watched.products > 0 && performance.now() - watched.last > ${quietMs}`),
  );
  const times = (await page.evaluate("watched")) as Record<"paint" | "products" | "task", number>;
  await context.close();
  return {
    ...sums,
    paintMs: times.paint,
    productsMs: times.products,
    interactiveMs: Math.max(times.products, times.task),
  };
}

/** Bytes as they come over the wire, heads included. */
async function count(session: CDPSession): Promise<{ bytes: number; requests: number }> {
  const sums = { bytes: 0, requests: 0 };
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    sums.bytes += encodedDataLength;
    sums.requests += 1;
  });
  return sums;
}

async function slowDown(session: CDPSession): Promise<void> {
  const bytesPerSecond = 1_600_000 / 8;
  await session.send("Network.emulateNetworkConditions", {
    ...{ offline: false, latency: 150 },
    ...{ downloadThroughput: bytesPerSecond, uploadThroughput: bytesPerSecond },
  });
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
}
