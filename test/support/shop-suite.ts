import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { type ShopFleet, startShop } from "./shop-fleet.ts";
import { keeperSuite } from "./shop-keeper-suite.ts";
import { until } from "./until.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** What came back. */
interface Answer {
  readonly status: number;
  readonly body: any;
  readonly headers: Headers;
}

/** Calls the shop's public API as a program would. */
export function shopApi(base: () => string) {
  const api = async (
    method: string,
    path: string,
    options: { body?: unknown; token?: string | undefined; key?: string } = {},
  ): Promise<Answer> => {
    const headers: Record<string, string> = {};
    if (options.body !== undefined) headers["content-type"] = "application/json";
    if (options.token) headers.authorization = `Bearer ${options.token}`;
    if (options.key) headers["idempotency-key"] = options.key;
    const response = await fetch(base() + path, {
      method,
      headers,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
  let members = 0;
  return {
    api,
    /** A new member's token. */
    async member(): Promise<string> {
      members += 1;
      const credentials = {
        username: `member${process.pid}x${Date.now()}x${members}`,
        password: "correct horse",
      };
      assert.equal((await api("POST", "/members", { body: credentials })).status, 201);
      return (await api("POST", "/sessions", { body: credentials })).body.token;
    },
    async admin(): Promise<string> {
      const { status, body } = await api("POST", "/sessions", {
        body: { username: "admin", password: "open sesame 7" },
      });
      assert.equal(status, 201, JSON.stringify(body));
      return body.token;
    },
  };
}

/** The shop's public API, black box; the same promises on every database. */
export function shopSuite(env: Record<string, string> = {}): void {
  let fleet: ShopFleet;
  let admin = "";
  const { api, member, admin: signInAdmin } = shopApi(() => fleet.base);
  before(async () => {
    fleet = await startShop(env);
    admin = await signInAdmin();
  });
  after(() => fleet.stop());

  const addProduct = async (stock: number) => {
    const { status, body } = await api("POST", "/products", {
      token: admin,
      body: { name: `Test Lamp ${Math.random()}`, category: "test", price: 1_250, stock },
    });
    assert.equal(status, 201, JSON.stringify(body));
    return body as { id: number; name: string; price: number; stock: number };
  };
  const stockOf = async (id: number) => (await api("GET", `/products/${id}`)).body.stock as number;

  test("a thousand products, page by page, by category, one by one", async () => {
    const seen = new Set<number>();
    let next: string | null = "0";
    while (next !== null) {
      const { body }: Answer = await api("GET", `/products?limit=100&cursor=${next}`);
      for (const { id } of body.items) seen.add(id);
      next = body.next;
    }
    assert.ok(seen.size >= 1_000, `${seen.size} products`);
    const kitchen = await api("GET", "/products?category=kitchen&limit=5");
    assert.equal(kitchen.body.items.length, 5);
    assert.ok(
      kitchen.body.items.every(({ category }: { category: string }) => category === "kitchen"),
    );
    const one = await api("GET", `/products/${kitchen.body.items[0].id}`);
    assert.deepEqual(one.body, kitchen.body.items[0]);
  });

  test("signing up and in; a taken name is 409, wrong credentials are 401, and a password never comes back", async () => {
    const credentials = { username: `kim${Date.now()}`, password: "correct horse" };
    const created = await api("POST", "/members", { body: credentials });
    assert.equal(created.status, 201);
    assert.deepEqual(Object.keys(created.body).sort(), ["id", "username"]);
    const again = await api("POST", "/members", { body: credentials });
    assert.deepEqual([again.status, again.body.code], [409, "UsernameTaken"]);
    assert.equal(
      (await api("POST", "/sessions", { body: { ...credentials, password: "wrong" } })).status,
      401,
    );
    assert.equal(
      (await api("POST", "/sessions", { body: { username: "nobody here", password: "x" } })).status,
      401,
    );
  });

  test("bad input is 400 and names the field", async () => {
    const token = await member();
    const { id } = await addProduct(1);
    for (const [method, path, body, field] of [
      ["PUT", `/cart/items/${id}`, { quantity: -1 }, "quantity"],
      ["PUT", `/cart/items/${id}`, { quantity: "2" }, "quantity"],
      ["PUT", `/cart/items/${id}`, { quantiti: 2 }, "quantity"],
      ["PUT", "/cart/items/x", { quantity: 1 }, "productId"],
      ["GET", "/products/x", undefined, "id"],
      ["GET", "/products?limit=0", undefined, "limit"],
      ["GET", "/products?cursor=x", undefined, "cursor"],
      ["GET", "/search", undefined, "q"],
      ["POST", "/members", { username: "x", password: "long enough" }, "username"],
      ["POST", "/checkout", { card: "x" }, "card"],
    ] as const) {
      const answer = await api(method, path, { token, key: "k", ...(body ? { body } : {}) });
      assert.equal(answer.status, 400, `${method} ${path} ${JSON.stringify(answer.body)}`);
      assert.equal(answer.body.errors[0].field, field);
      assert.match(answer.headers.get("content-type") ?? "", /problem\+json/);
    }
  });

  test("unknown products are 404; missing and forged tokens 401; what only the admin may do is 403", async () => {
    const token = await member();
    assert.equal((await api("GET", "/products/999999999")).status, 404);
    assert.equal(
      (await api("PUT", "/cart/items/999999999", { token, body: { quantity: 1 } })).status,
      404,
    );
    assert.equal((await api("GET", "/cart")).status, 401);
    assert.equal((await api("GET", "/cart", { token: `${token.slice(0, -6)}AAAAAA` })).status, 401);
    assert.equal(
      (
        await api("POST", "/products", {
          token,
          body: { name: "x", category: "y", price: 1, stock: 1 },
        })
      ).status,
      403,
    );
    assert.equal((await api("DELETE", "/products/1", { token })).status, 403);
  });

  test("reviews, which are written in Python: signed in, once for each product, bad input named, found by anybody", {
    skip: hasPython || process.env.CI ? false : "there is no python3 here",
  }, async () => {
    const token = await member();
    const { id } = await addProduct(1);
    const review = { productId: id, stars: 4, text: "Bright, 밝다" };
    assert.equal((await api("POST", "/reviews", { body: review })).status, 401);
    assert.equal((await api("POST", "/reviews", { token, body: review })).status, 201);
    const again = await api("POST", "/reviews", { token, body: { ...review, stars: 5 } });
    assert.equal(again.status, 201);
    const { items } = (await api("GET", `/reviews?productId=${id}`)).body;
    assert.deepEqual(
      items.map(({ stars, text }: { stars: number; text: string }) => ({ stars, text })),
      [{ stars: 5, text: "Bright, 밝다" }],
    );
    const unknown = { ...review, productId: 999_999_999 };
    assert.equal((await api("POST", "/reviews", { token, body: unknown })).status, 404);
    const bad = await api("POST", "/reviews", { token, body: { ...review, stars: 6 } });
    assert.deepEqual([bad.status, bad.body.errors[0].field], [400, "stars"]);
  });

  test("the admin adds a product, it is found, and removed again", async () => {
    const product = await addProduct(3);
    const found = async () =>
      (await api("GET", `/search?q=${encodeURIComponent(product.name)}`)).body.items.length;
    await until("it is found", async () => (await found()) === 1);
    assert.equal((await api("DELETE", `/products/${product.id}`, { token: admin })).status, 204);
    assert.equal((await api("GET", `/products/${product.id}`)).status, 404);
    assert.equal((await api("DELETE", `/products/${product.id}`, { token: admin })).status, 404);
    await until("it is no longer found", async () => (await found()) === 0);
  });

  test("a purchase pays, takes stock, empties the cart and is recorded; the same key gives the same answer", async () => {
    const token = await member();
    const product = await addProduct(10);
    await api("PUT", `/cart/items/${product.id}`, { token, body: { quantity: 3 } });
    const cart = await api("GET", "/cart", { token });
    assert.deepEqual(cart.body, { items: [{ product, quantity: 3 }], total: 3_750 });
    assert.equal((await api("POST", "/checkout", { token })).status, 400, "no Idempotency-Key");
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api("POST", "/checkout", { token, key: "once" })),
    );
    for (const answer of answers)
      assert.deepEqual([answer.status, answer.body], [201, answers[0]?.body]);
    assert.equal(answers[0]?.body.total, 3_750);
    assert.equal(await stockOf(product.id), 7);
    assert.deepEqual((await api("GET", "/cart", { token })).body, { items: [], total: 0 });
    const { body } = await api("GET", "/purchases?limit=1000", { token });
    assert.equal(body.items.length, 1);
    assert.equal(body.items[0].purchaseId, answers[0]?.body.purchaseId);
    assert.deepEqual(body.items[0].items, [{ productId: product.id, quantity: 3, price: 1_250 }]);
    assert.deepEqual((await api("GET", "/purchases", { token: await member() })).body, {
      items: [],
    });
    await until("it is among the bestsellers", async () => {
      const { items } = (await api("GET", "/bestsellers?limit=100")).body;
      const own = items.find((each: { product: { id: number } }) => each.product.id === product.id);
      return own?.sold === 3 && own.product.stock === 7;
    });
    const reused = await api("POST", "/checkout", {
      token,
      key: "once",
      body: { card: "4242424242424242" },
    });
    assert.equal(reused.status, 422);
  });

  test("declined and out of stock leave cart and stock as they were", async () => {
    const token = await member();
    const plenty = await addProduct(5);
    const scarce = await addProduct(1);
    await api("PUT", `/cart/items/${plenty.id}`, { token, body: { quantity: 1 } });
    const before = (await api("GET", "/cart", { token })).body;
    const declined = await api("POST", "/checkout", {
      token,
      key: "declined",
      body: { card: "4000000000000002" },
    });
    assert.deepEqual([declined.status, declined.body.code], [402, "Declined"]);
    assert.deepEqual(
      (
        await api("POST", "/checkout", {
          token,
          key: "declined",
          body: { card: "4000000000000002" },
        })
      ).body.code,
      "Declined",
    );
    assert.deepEqual((await api("GET", "/cart", { token })).body, before);
    await api("PUT", `/cart/items/${scarce.id}`, { token, body: { quantity: 2 } });
    const short = await api("POST", "/checkout", { token, key: "short" });
    assert.deepEqual(
      [short.status, short.body.code, short.body.data],
      [409, "OutOfStock", { productId: scarce.id }],
    );
    assert.equal((await api("GET", "/cart", { token })).body.items.length, 2);
    assert.deepEqual([await stockOf(plenty.id), await stockOf(scarce.id)], [5, 1]);
    const empty = await api("POST", "/checkout", { token: await member(), key: "empty" });
    assert.deepEqual([empty.status, empty.body.code], [409, "EmptyCart"]);
  });

  test("the last items are never sold twice, however many buyers come at once", async () => {
    const product = await addProduct(3);
    // One by one: a password takes a third of a second of a processor.
    const buyers: string[] = [];
    while (buyers.length < 8) buyers.push(await member());
    await Promise.all(
      buyers.map((token) =>
        api("PUT", `/cart/items/${product.id}`, { token, body: { quantity: 1 } }),
      ),
    );
    const answers = await Promise.all(
      buyers.map((token) => api("POST", "/checkout", { token, key: "last" })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, 201, 201, 409, 409, 409, 409, 409]);
    assert.equal(await stockOf(product.id), 0);
  });

  keeperSuite({ api, addProduct, admin: () => admin, member });

  test("the pages for people are beside the API, and only who asks for HTML gets them", async () => {
    for (const path of ["/", "/shop/7", "/shop/cart"]) {
      const page = await fetch(fleet.base + path, { headers: { accept: "text/html" } });
      assert.equal(page.status, 200, path);
      assert.match(page.headers.get("content-type") ?? "", /text\/html/);
      const policy = page.headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'none'; script-src 'self';/);
      assert.doesNotMatch(policy, /unsafe/);
      assert.match(await page.text(), /<script type="module" crossorigin src="\/assets\//);
    }
    assert.equal((await api("GET", "/shop/7")).status, 404);
    assert.equal((await api("GET", "/products/7")).body.id, 7);
  });
}
