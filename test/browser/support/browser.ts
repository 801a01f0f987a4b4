import assert from "node:assert/strict";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumPath } from "./chromium-path.ts";

/** Starts a browser that talks to nobody but the pages under test. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      // Tests run as root in containers, where Chromium's own sandbox cannot be set up.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page whose errors count: those of its scripts, its console and its policy. */
export async function openPage(
  browser: Browser,
  url: string,
  viewport = { width: 1280, height: 800 },
): Promise<{ page: Page; assertNoErrors(): void }> {
  const page = await browser.newPage({ viewport });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    // A refusal that was asked for is an error to the console, and none of the page.
    const isRefusal = /the server responded with a status of 4\d\d/.test(message.text());
    if (message.type() === "error" && !isRefusal) errors.push(message.text());
  });
  await page.goto(url);
  return { page, assertNoErrors: () => assert.deepEqual(errors, []) };
}
