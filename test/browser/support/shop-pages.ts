import type { Page } from "playwright-core";

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };
export const password = "correct horse";

let members = 0;

/** A name that nobody has yet. */
export function newName(): string {
  members += 1;
  return `kim${process.pid}x${members}`;
}

/** Fills in the form that is shown and sends it. */
export async function enter(page: Page, name: string, secret: string, button: string) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(secret);
  await page.locator("main").getByRole("button", { name: button }).click();
}

/** Signs a new member up, and comes back to where one was. */
export async function signUp(page: Page): Promise<string> {
  const name = newName();
  await page.goto(new URL("/shop/sign-up", page.url()).href);
  await enter(page, name, password, "Become a member");
  await page.getByRole("link", { name: "Purchases" }).waitFor();
  return name;
}

/** The first card on the shelves. */
export function firstCard(page: Page) {
  return page.locator(".shelf .card:not(.ghost)").first();
}
