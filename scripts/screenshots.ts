/** Makes the pictures of the console for the README and the guide: `npm run screenshots`. The shop runs, and people shop. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { freePort } from "../bench/harness/free-port.ts";
import { runFleet } from "./smoke/fleet.ts";

const cli = [process.execPath, "--conditions=dure-source", "src/cli/main.ts"];
const config = ["--config", "examples/shop/dure.config.ts"];
const images = "docs/images";
const desktop = { width: 1280, height: 800 };
const low = { width: 1280, height: 600 };
const phone = { width: 390, height: 844 };

interface Picture {
  readonly name: string;
  /** The address's hash. */
  readonly place: string;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: "light" | "dark";
  /** What is done before. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const pictures: readonly Picture[] = [
  { name: "topology", place: "topology" },
  { name: "topology-dark", place: "topology/service/products", colorScheme: "dark" },
  { name: "trace", place: "traces?text=checkout&min=10", prepare: openFirst },
  { name: "catalogue", place: "catalogue/products/get", prepare: callIt },
  { name: "sagas", place: "sagas", viewport: low, prepare: openFailed },
  { name: "phone", place: "topology/services", viewport: phone },
];

async function openFirst(page: Page): Promise<void> {
  await page.locator(".row-link").first().click();
  await page.locator(".detail, .span-bar").first().waitFor();
}

async function openFailed(page: Page): Promise<void> {
  await page.locator("tr", { hasText: "failed" }).locator(".row-link").first().click();
  await page.locator(".detail .steps li").first().waitFor();
}

async function callIt(page: Page): Promise<void> {
  await page.getByLabel("id").fill("7");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByText("OK", { exact: true }).waitFor();
}

/** A shopper who looks around and buys, again and again. */
async function shop(base: string, isOver: () => boolean): Promise<void> {
  const ask = async (method: string, path: string, body?: unknown, token?: string) => {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    if (path === "/checkout") headers["idempotency-key"] = crypto.randomUUID();
    const init =
      body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const response = await fetch(base + path, init);
    return response.headers.get("content-type")?.includes("json")
      ? await response.json()
      : undefined;
  };
  const username = `shopper${crypto.randomUUID().slice(0, 8)}`;
  const member = { username, password: "correct horse battery" };
  let token: string | undefined;
  // Passwords take long to hash where the machine is busy.
  while (token === undefined && !isOver()) {
    await ask("POST", "/members", member);
    token = ((await ask("POST", "/sessions", member)) as { token?: string }).token;
  }
  for (let round = 1; !isOver(); round += 1) {
    await ask("GET", "/products?limit=20");
    await ask("GET", "/search?q=lamp");
    await ask("GET", "/");
    const productId = 1 + (round % 900);
    await ask("GET", `/products/${productId}`);
    await ask("PUT", `/cart/items/${productId}`, { quantity: 1 }, token);
    // Every fifth card is the one that is declined.
    const card = round % 5 === 0 ? "4000000000000002" : "4242424242424242";
    await ask("POST", "/checkout", { card }, token);
    await pause(100);
  }
}

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const { name, place, viewport = desktop, colorScheme = "light", prepare } = picture;
  const page = await browser.newPage({ viewport, colorScheme });
  await page.goto(`${url}#/${place}`);
  await page.getByText("Live", { exact: true }).waitFor();
  await prepare?.(page);
  // Charts need some moments to have a line.
  if (place.startsWith("topology")) await pause(12_000);
  await page.screenshot({ path: join(images, `console-${name}.png`) });
  await page.close();
}

const data = mkdtempSync(join(tmpdir(), "dure-screenshots-"));
const env = {
  PORT: String(await freePort()),
  DURE_DATA: data,
  DURE_DISTRIBUTOR_PORT: String(await freePort()),
  DURE_CONSOLE_PORT: String(await freePort()),
  SHOP_ADMIN_PASSWORD: "open sesame 7",
};
const fleet = await runFleet([...cli, "up", ...config], { cwd: process.cwd(), env });
let isOver = false;
const base = `http://127.0.0.1:${env.PORT}`;
const shoppers = [1, 2].map(() => shop(base, () => isOver));
const browser = await chromium.launch({
  executablePath: process.env.DURE_TEST_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const [command = "", ...args] = [...cli, "console", "--who", "you", ...config];
const newUrl = () =>
  execFileSync(command, args, { env: { ...process.env, ...env } })
    .toString()
    .trim();
try {
  for (const picture of pictures) await take(browser, newUrl(), picture);
} finally {
  isOver = true;
  await Promise.all(shoppers);
  await browser.close();
  await fleet.stop();
  rmSync(data, { recursive: true, force: true });
}
