/**
 * The shop under load while its processes are killed at random, and the books afterwards. `DURE_CHAOS_SECONDS` says for how long;
 * `npm run test:chaos` takes three minutes.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { type ShopFleet, startShop } from "./shop-fleet.ts";
import { shopApi } from "./shop-suite.ts";
import { until } from "./until.ts";

const seconds = Number(process.env.DURE_CHAOS_SECONDS ?? 15);
const buyerCount = 5;
const productCount = 4;
const stockEach = 100_000;
const decliningCard = "4000000000000002";

/** What a buyer has bought, as far as the shop has told it. */
interface Buyer {
  readonly token: string;
  bought: number;
  refused: number;
}

interface Books {
  readonly purchases: number;
  readonly amount: number;
  readonly quantities: ReadonlyMap<number, number>;
}

/** Runs it with the shop's checkout in one mode, and checks that nothing was lost, done twice or left half done. */
export async function shopChaos(
  mode: "saga" | "events",
  log: (line: string) => void,
): Promise<void> {
  const fleet = await startShop({ SHOP_CHECKOUT: mode, DURE_LOG_LEVEL: "error" });
  try {
    await new Chaos(fleet, log).run(mode);
  } finally {
    await fleet.stop();
  }
}

class Chaos {
  readonly #fleet: ShopFleet;
  readonly #log: (line: string) => void;
  readonly #shop: ReturnType<typeof shopApi>;
  #isOver = false;
  #kills = 0;

  constructor(fleet: ShopFleet, log: (line: string) => void) {
    this.#fleet = fleet;
    this.#log = log;
    this.#shop = shopApi(() => fleet.base);
  }

  async run(mode: string): Promise<void> {
    const admin = await this.#shop.admin();
    const productIds: number[] = [];
    for (let index = 0; index < productCount; index += 1) {
      const body = {
        name: `Chaos ${index}`,
        category: "chaos",
        price: 100 + index,
        stock: stockEach,
      };
      productIds.push((await this.#shop.api("POST", "/products", { token: admin, body })).body.id);
    }
    const buyers: Buyer[] = [];
    while (buyers.length < buyerCount)
      buyers.push({ token: await this.#shop.member(), bought: 0, refused: 0 });
    const buying = buyers.map((buyer) => this.#buyOn(buyer, productIds));
    const killing = this.#killOn();
    await pause(seconds * 1_000);
    this.#isOver = true;
    await killing;
    await until(
      "everything runs again",
      async () => (await this.#fleet.ps()).every(({ state }) => state === "ready"),
      60_000,
    );
    await Promise.all(buying);
    await until(
      "the books agree",
      async () => (await this.#differences(buyers, productIds)).length === 0,
      45_000,
    ).catch(async () => {
      assert.fail(
        `${mode}, after ${this.#kills} kills: ${(await this.#differences(buyers, productIds)).join("; ")}`,
      );
    });
    const bought = buyers.reduce((sum, buyer) => sum + buyer.bought, 0);
    const refused = buyers.reduce((sum, buyer) => sum + buyer.refused, 0);
    assert.ok(bought > 0, "something was bought");
    this.#log(
      `${mode}: ${bought} purchases, ${refused} declined, ${this.#kills} processes killed in ${seconds} s; the books agree`,
    );
  }

  /** Buys one thing after another; each intent is asked for under its key until there is an answer. */
  async #buyOn(buyer: Buyer, productIds: readonly number[]): Promise<void> {
    for (let intent = 0; !this.#isOver; intent += 1) {
      const productId = productIds[intent % productIds.length] as number;
      const quantity = 1 + (intent % 3);
      await this.#insist(
        "PUT",
        `/cart/items/${productId}`,
        { token: buyer.token, body: { quantity } },
        [200],
      );
      const isDeclined = intent % 7 === 6;
      const key = `intent-${intent}`;
      const options = {
        token: buyer.token,
        key,
        ...(isDeclined ? { body: { card: decliningCard } } : {}),
      };
      const status = await this.#insist("POST", "/checkout", options, [201, 402]);
      if (status === 201) buyer.bought += 1;
      else buyer.refused += 1;
    }
  }

  /** Asks until one of the answers comes that end it. */
  async #insist(
    method: string,
    path: string,
    options: object,
    final: readonly number[],
  ): Promise<number> {
    const giveUpAt = performance.now() + 90_000;
    for (;;) {
      const answer = await this.#shop.api(method, path, options).catch(() => undefined);
      if (answer && final.includes(answer.status)) return answer.status;
      if (performance.now() > giveUpAt)
        assert.fail(`${method} ${path}: no end, last ${JSON.stringify(answer?.body)}`);
      await pause(50);
    }
  }

  async #killOn(): Promise<void> {
    while (!this.#isOver) {
      await pause(500 + Math.random() * 1_000);
      const running = (await this.#fleet.ps()).filter(
        ({ state, name }) => state === "ready" && name !== "reviews-1",
      );
      const victim = running[Math.floor(Math.random() * running.length)];
      if (!victim?.pid || this.#isOver) continue;
      try {
        process.kill(victim.pid, "SIGKILL");
        this.#kills += 1;
      } catch {
        // It has ended by itself meanwhile.
      }
    }
  }

  /** What does not agree; empty once all is well. */
  async #differences(buyers: readonly Buyer[], productIds: readonly number[]): Promise<string[]> {
    const found: string[] = [];
    const expect = (what: string, is: unknown, should: unknown) => {
      if (is !== should) found.push(`${what}: ${is}, not ${should}`);
    };
    const books = await this.#books(buyers, found);
    const bought = buyers.reduce((sum, buyer) => sum + buyer.bought, 0);
    expect("purchases", books.purchases, bought);
    const charged = this.#call("checkout.charged");
    expect("charges", charged.count, books.purchases);
    expect("amount charged", charged.amount, books.amount);
    for (const id of productIds) {
      const { body } = await this.#shop.api("GET", `/products/${id}`);
      expect(`stock of ${id}`, body.stock, stockEach - (books.quantities.get(id) ?? 0));
    }
    const unfinished =
      this.#call("store.sagas", '{"state":"running"}').items.length +
      this.#call("store.sagas", '{"state":"compensating"}').items.length;
    expect("unfinished sagas", unfinished, 0);
    expect("stuck sagas", this.#call("store.sagas", '{"state":"stuck"}').items.length, 0);
    return found;
  }

  async #books(buyers: readonly Buyer[], found: string[]): Promise<Books> {
    let purchases = 0;
    let amount = 0;
    const quantities = new Map<number, number>();
    for (const { token, bought } of buyers) {
      const { items } = (await this.#shop.api("GET", "/purchases?limit=1000", { token })).body;
      purchases += items.length;
      for (const purchase of items) {
        amount += purchase.total;
        for (const { productId, quantity } of purchase.items)
          quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
      }
      if (
        new Set(items.map(({ purchaseId }: { purchaseId: string }) => purchaseId)).size !== bought
      )
        found.push(`a buyer has ${items.length} purchases, and was told of ${bought}`);
    }
    return { purchases, amount, quantities };
  }

  #call(operation: string, input = ""): any {
    const args = [
      "--conditions=dure-source",
      "src/cli/main.ts",
      "call",
      operation,
      ...(input ? [input] : []),
    ];
    const environment = { ...process.env, DURE_DATA: this.#fleet.data };
    return JSON.parse(execFileSync(process.execPath, args, { env: environment, encoding: "utf8" }));
  }
}
