import assert from "node:assert/strict";
import { test } from "node:test";
import type { shopApi } from "./shop-suite.ts";

interface KeeperTools extends Pick<ReturnType<typeof shopApi>, "api" | "member"> {
  addProduct(stock: number): Promise<{ id: number; name: string; price: number; stock: number }>;
  admin(): string;
}

/** What whoever keeps the shop may do, and nobody else. */
export function keeperSuite({ api, addProduct, admin, member }: KeeperTools): void {
  test("stock is set by whoever has seen how much there is, and not over what others bought meanwhile", async () => {
    const product = await addProduct(5);
    const path = `/products/${product.id}/stock`;
    const put = (body: object, token?: string) => api("PUT", path, { body, token });
    assert.equal((await put({ stock: 9, was: 5 })).status, 401);
    assert.equal((await put({ stock: 9, was: 5 }, await member())).status, 403);
    const late = await put({ stock: 9, was: 4 }, admin());
    assert.deepEqual(
      [late.status, late.body.code, late.body.data],
      [409, "StockChanged", { stock: 5 }],
    );
    for (let round = 0; round < 2; round += 1) {
      const set = await put({ stock: 9, was: 5 }, admin());
      assert.deepEqual([set.status, set.body], [200, { ...product, stock: 9 }]);
    }
    assert.equal((await api("GET", `/products/${product.id}`)).body.stock, 9);
    const gone = await api("PUT", "/products/999999999/stock", {
      ...{ token: admin(), body: { stock: 1, was: 1 } },
    });
    assert.deepEqual([gone.status, gone.body.code], [404, "NoSuchProduct"]);
  });

  test("orders are everybody's purchases, latest first, page by page, for the shop's keeper alone", async () => {
    const product = await addProduct(50);
    const bought: string[] = [];
    for (let count = 1; count <= 3; count += 1) {
      const token = await member();
      await api("PUT", `/cart/items/${product.id}`, { token, body: { quantity: count } });
      const { status, body } = await api("POST", "/checkout", { token, key: "order" });
      assert.equal(status, 201, JSON.stringify(body));
      bought.unshift(body.purchaseId);
    }
    assert.equal((await api("GET", "/orders")).status, 401);
    assert.equal((await api("GET", "/orders", { token: await member() })).status, 403);
    const seen: string[] = [];
    for (let next: string | null | undefined; next !== null && seen.length < 3; ) {
      const cursor: string = next ? `&cursor=${encodeURIComponent(next)}` : "";
      const { body } = await api("GET", `/orders?limit=2${cursor}`, { token: admin() });
      for (const { purchaseId, memberId, items } of body.items) {
        seen.push(purchaseId);
        assert.match(memberId, /^\d+$/);
        assert.equal(typeof items[0].price, "number");
      }
      next = body.next;
    }
    assert.deepEqual(seen.slice(0, 3), bought);
  });

  test("categories, and several products at once", async () => {
    const { items } = (await api("GET", "/categories")).body;
    assert.ok(items.includes("kitchen") && items.includes("toys"), items.join(" "));
    const { body } = await api("POST", "/products/pick", { body: { ids: [3, 1, 999_999_999] } });
    const ids = body.items.map(({ id }: { id: number }) => id);
    assert.deepEqual(ids.sort(), [1, 3]);
  });
}
