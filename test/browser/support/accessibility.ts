import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds serious or critical on a page as it is now, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate("axe.run()")) as { violations: Finding[] };
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) =>
      nodes
        .slice(0, 3)
        .map(
          ({ html, failureSummary = "" }) =>
            `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary}`,
        ),
    );
}

/** No serious finding in what is shown now, and nothing wider than the window. */
export async function assertAccessible(page: Page): Promise<void> {
  assert.deepEqual(await seriousFindings(page), [], page.url());
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.ok((overflow as number) <= 0, `${page.url()} is ${overflow} px too wide`);
}
