/**
 * The console in a browser while a fleet of some size changes all its figures each second: how soon it is there, how smoothly it goes on, and
 * whether it grows. The server is a stand-in, so that what is measured is the page's side alone.
 */
import { type CDPSession, chromium, type Page } from "playwright-core";
import { markdownTable } from "../harness/table.ts";
import type { FleetSize } from "./invented-fleet.ts";
import { startStandIn } from "./stand-in.ts";

export interface ConsoleRow {
  readonly size: FleetSize;
  /** Bytes on the wire for everything but the fleet's own data, compressed. */
  readonly transferBytes: number;
  /** From the navigation to the frame that has the map, in ms. */
  readonly firstPictureMs: number;
  /** CPU time of the page's main thread until then, in ms. */
  readonly firstPictureCpuMs: number;
  readonly framesPerS: number;
  /** CPU time of the page's main thread, in ms for each second; one update comes each second. */
  readonly mainThreadMsPerS: number;
  /** JavaScript heap after a collection, in MB: at the start, and at the end. */
  readonly heapMb: readonly [start: number, end: number];
  readonly minutes: number;
}

const sizes: Readonly<Record<string, FleetSize>> = {
  small: { services: 10, instances: 30, machines: 3 },
  large: { services: 100, instances: 1_000, machines: 40 },
};

/**
 * @param minutes how long each size is watched
 * @param only `small` or `large`; empty: both
 */
export async function benchConsole(
  minutes: number,
  only: readonly string[],
): Promise<ConsoleRow[]> {
  const rows: ConsoleRow[] = [];
  for (const [name, size] of Object.entries(sizes))
    if (only.length === 0 || only.includes(name)) rows.push(await watch(size, minutes));
  return rows;
}

async function watch(size: FleetSize, minutes: number): Promise<ConsoleRow> {
  const server = await startStandIn(size);
  const browser = await chromium.launch({
    executablePath: process.env.DURE_TEST_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const transferred = await countTransfer(session);
    await page.goto(server.url);
    await page
      .locator(".map .card")
      .nth(size.services - 1)
      .waitFor();
    const firstPictureMs = Number(await page.evaluate("performance.now()"));
    const firstPictureCpuMs = (await taskS(session)) * 1_000;
    await page.locator(".chart canvas").first().waitFor();
    const transferBytes = transferred();
    const heapStart = await heapMb(session);
    const before = await taskS(session);
    const framesPerS = await countFrames(page, minutes * 60);
    const after = await taskS(session);
    return {
      ...{ size, transferBytes, firstPictureMs, firstPictureCpuMs, framesPerS, minutes },
      mainThreadMsPerS: ((after - before) * 1_000) / (minutes * 60),
      heapMb: [heapStart, await heapMb(session)],
    };
  } finally {
    await browser.close();
    server.close();
  }
}

/** Counts what comes in by files; the stream of the fleet is left out. */
async function countTransfer(session: CDPSession): Promise<() => number> {
  let bytes = 0;
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  return () => bytes;
}

async function heapMb(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await metric(session, "JSHeapUsedSize")) / 1e6;
}

function taskS(session: CDPSession): Promise<number> {
  return metric(session, "TaskDuration");
}

async function metric(session: CDPSession, name: string): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find((one) => one.name === name)?.value ?? Number.NaN;
}

function countFrames(page: Page, seconds: number): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    const startedAt = performance.now();
    let frames = 0;
    const next = (at) => {
      frames += 1;
      if (at - startedAt < ${seconds * 1_000}) requestAnimationFrame(next);
      else resolve(frames / ((at - startedAt) / 1000));
    };
    requestAnimationFrame(next);
  })`);
}

/** The rows for people. */
export function consoleTable(rows: readonly ConsoleRow[]): string {
  return markdownTable([
    [
      "services / instances",
      "transferred KB",
      "first picture ms",
      "of it CPU ms",
      "frames/s",
      "main thread ms/s",
      "heap MB, start",
      "heap MB, end",
      "minutes",
    ],
    ...rows.map(({ size, transferBytes, heapMb, ...row }) => [
      `${size.services} / ${size.instances}`,
      (transferBytes / 1_000).toFixed(0),
      row.firstPictureMs.toFixed(0),
      row.firstPictureCpuMs.toFixed(0),
      row.framesPerS.toFixed(1),
      row.mainThreadMsPerS.toFixed(0),
      heapMb[0].toFixed(1),
      heapMb[1].toFixed(1),
      String(row.minutes),
    ]),
  ]);
}
