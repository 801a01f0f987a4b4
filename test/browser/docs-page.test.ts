import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { z } from "zod";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { contract, op, service, stream } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { until } from "../support/until.ts";
import { openBrowser, openPage } from "./support/browser.ts";

const Book = z.object({ id: z.int(), title: z.string() });
const books = contract("books", {
  get: op({
    http: "GET /books/:id",
    auth: "public",
    summary: "<img src=x onerror=\"document.title='owned'\"> One book",
    input: z.object({ id: z.int() }),
    output: Book,
  }),
  add: op({ http: "POST /books", auth: "public", status: 201, input: Book, output: Book }),
  remove: op({
    http: "DELETE /books/:id",
    scopes: ["books:write"],
    input: z.object({ id: z.int() }),
  }),
  ticks: op({ http: "GET /ticks", auth: "public", output: stream(z.object({ tick: z.int() })) }),
});
let ended = 0;
/** Lets the next tick come. */
let tickNow = () => {};
const booksService = service(books, ({ handle }) =>
  handle({
    get: ({ id }) => ({ id, title: "두레" }),
    add: (book) => book,
    remove: () => {},
    ticks: async function* (_, ctx) {
      try {
        for (let tick = 0; ; tick += 1) {
          yield { tick };
          await new Promise<void>((resolve) => {
            tickNow = resolve;
            ctx.signal.addEventListener("abort", () => resolve(), { once: true });
          });
        }
      } finally {
        ended += 1;
      }
    },
  }),
);

let node: MeshNode;
let gateway: Gateway;
let browser: Browser;
before(async () => {
  node = await createNode({
    name: "books",
    mesh: "test",
    distributors: [],
    services: [booksService],
  });
  gateway = await createGateway({ node, port: 0, info: { title: "Library", version: "2.1.0" } });
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await gateway.close();
  await node.close();
});

test("the reference page lists what is offered and calls it", async () => {
  const { page, assertNoErrors } = await openPage(browser, `${gateway.url}/docs`);
  await page.getByText("DELETE").waitFor();
  assert.equal(await page.title(), "Library");
  const operation = (path: string, method: string) =>
    page.locator(".operation").filter({ hasText: `${method} ${path}` });

  const get = operation("/books/{id}", "GET");
  await get.locator("summary").click();
  await get.getByLabel("id (path)").fill("7");
  await get.getByRole("button", { name: "Send" }).click();
  await get.getByText(/^200 OK after/).waitFor();
  assert.match(await get.getByLabel("Body of the answer").inputValue(), /"title": "두레"/);

  const add = operation("/books", "POST");
  await add.locator("summary").click();
  assert.deepEqual(JSON.parse(await add.locator("form textarea").inputValue()), {
    id: 0,
    title: "",
  });
  await add.locator("form textarea").fill('{"id": 1}');
  await add.getByRole("button", { name: "Send" }).click();
  await add.getByText(/^400/).waitFor();
  assert.match(await add.getByLabel("Body of the answer").inputValue(), /title/);

  const remove = operation("/books/{id}", "DELETE");
  await remove.locator("summary").click();
  await remove.getByText("Needs a bearer token with books:write.").waitFor();
  assertNoErrors();
  await page.close();
});

test("a stream is shown as it comes, until it is stopped", async () => {
  const { page, assertNoErrors } = await openPage(browser, `${gateway.url}/docs`, {
    width: 390,
    height: 844,
  });
  const ticks = page.locator(".operation").filter({ hasText: "/ticks" });
  await ticks.locator("summary").click();
  await ticks.getByRole("button", { name: "Send" }).click();
  const shown = ticks.getByLabel("Body of the answer");
  await until("some have come", async () => {
    tickNow();
    return /"tick":3/.test(await shown.inputValue());
  });
  await ticks.getByRole("button", { name: "Stop" }).click();
  await ticks.getByText(/^Stopped after/).waitFor();
  await until("the producer has ended", () => ended === 1);
  await page.getByLabel("Find").fill("delete");
  await until(
    "the others are hidden",
    async () => (await page.locator(".operation:visible").count()) === 1,
  );
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.ok((overflow as number) <= 0, `the page is ${overflow} px too wide for a phone`);
  assertNoErrors();
  await page.close();
});
