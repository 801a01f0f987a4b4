/** First visits to a page by a browser without a cache: how much it loads, and how soon it can be used. */
import type { Browser, CDPSession } from "playwright-core";
import { until } from "../../test/support/until.ts";

/** A page, and how it is visited. */
export interface Visited {
  /** Its address; asked for anew for each visit, as one that lets a browser in may count once. */
  url(): string | Promise<string>;
  readonly viewport: { readonly width: number; readonly height: number };
  /** A selector of what people come for. */
  readonly wanted: string;
  /**
   * Whether the browser is slowed down to what Lighthouse takes for a phone (its "mobile slow 4G": 150 ms, 1.6 Mbit/s, a processor four
   * times slower).
   */
  readonly isPhone: boolean;
}

interface Visit {
  readonly bytes: number;
  readonly requests: number;
  /** First text or picture, what people come for, and the last long task before the page is quiet; ms. */
  readonly paintMs: number;
  readonly wantedMs: number;
  readonly interactiveMs: number;
}

const visits = 7;
/** Quiet for so long, a page counts as done with loading (Lighthouse waits 5 s; nothing of these pages begins by itself later). */
const quietMs = 2_000;

/** Visits a page several times and gives the medians in words. @param what the name of what people come for */
export async function measureVisits(
  browser: Browser,
  visited: Visited,
  what: string,
): Promise<string> {
  const all: Visit[] = [];
  for (let count = 0; count < visits; count += 1) all.push(await visit(browser, visited));
  const median = (pick: (each: Visit) => number) =>
    Math.round(all.map(pick).sort((left, right) => left - right)[visits >> 1] as number);
  return (
    `${(median((each) => each.bytes) / 1_000).toFixed(1)} kB in ${median((each) => each.requests)} requests; ` +
    `first paint ${median((each) => each.paintMs)} ms, ${what} ${median((each) => each.wantedMs)} ms, ` +
    `interactive ${median((each) => each.interactiveMs)} ms`
  );
}

/** Runs in the page, before its own scripts. */
const watch = (wanted: string) => `
  window.watched = { paint: 0, wanted: 0, task: 0, last: 0 };
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
    if (watched.wanted || !document.querySelector(${JSON.stringify(wanted)})) return;
    watched.wanted = watched.last = performance.now();
  }).observe(document, { childList: true, subtree: true });
`;

async function visit(
  browser: Browser,
  { url, viewport, wanted, isPhone }: Visited,
): Promise<Visit> {
  const address = await url();
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const sums = await count(session);
  if (isPhone) await slowDown(session);
  await page.addInitScript(watch(wanted));
  await page.goto(address);
  await page.locator(wanted).first().waitFor();
  await until("the page is quiet", () =>
    page.evaluate(`watched.wanted > 0 && performance.now() - watched.last > ${quietMs}`),
  );
  const times = (await page.evaluate("watched")) as Record<"paint" | "wanted" | "task", number>;
  await context.close();
  return {
    ...sums,
    paintMs: times.paint,
    wantedMs: times.wanted,
    interactiveMs: Math.max(times.wanted, times.task),
  };
}

/** Bytes as they come over the wire, heads included; a stream that does not end is left out. */
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
