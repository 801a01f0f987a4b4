/** The products and their stock. Every change is told in its own transaction: `products.changed`. */
import type { Outbox, OutboxOrigin } from "dure/node";
import { type Generated, type Kysely, sql, type Transaction } from "kysely";
import type { z } from "zod";
import { products } from "../contracts/products.ts";
import type { Product } from "../contracts/schemas.ts";
import { catalogue, type NewProduct } from "./catalogue.ts";
import { runnerOf } from "./database.ts";

export interface ShelfTables {
  products: NewProduct & { id: Generated<number>; is_removed: number };
  /** One row, to lock by: of two instances that start at once, one fills the shelves. */
  openings: { id: number; count: number };
  reservations: { purchase_id: string; product_id: number; quantity: number };
  /** Purchases that gave their stock back; a late `take` of theirs is refused. */
  releases: { purchase_id: string };
}
type Tx = Transaction<ShelfTables>;
type Lines = readonly { readonly productId: number; readonly quantity: number }[];

export const productColumns = ["id", "name", "category", "description", "price", "stock"] as const;
const seedCount = 1_000;

/** Thrown within a transaction, so that what the lines before took is rolled back. */
export class Shortage extends Error {
  readonly productId: number;

  constructor(productId: number) {
    super(`not enough of product ${productId}`);
    this.productId = productId;
  }
}

/** The product there was not enough of; anything else that was thrown is thrown on. */
export function shortageOf(thrown: unknown): number {
  if (thrown instanceof Shortage) return thrown.productId;
  throw thrown;
}

export class Shelves {
  readonly #outbox: Outbox;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  async add(tx: Tx, product: NewProduct, origin?: OutboxOrigin): Promise<z.infer<typeof Product>> {
    const row = await tx
      .insertInto("products")
      .values({ ...product, is_removed: 0 })
      .returning(productColumns)
      .executeTakeFirstOrThrow();
    await this.#tell(tx, row, origin);
    return row;
  }

  /** False if it is not there. */
  async remove(tx: Tx, id: number, origin?: OutboxOrigin): Promise<boolean> {
    const { numUpdatedRows } = await tx
      .updateTable("products")
      .set({ is_removed: 1 })
      .where("id", "=", id)
      .where("is_removed", "=", 0)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await this.#outbox.publish(runnerOf(tx), products.changed, { id, product: null }, origin);
    return true;
  }

  /** Undefined if there are not as many as was seen, or no such product. The same again changes nothing more. */
  async setStock(
    tx: Tx,
    { id, stock, was }: { readonly id: number; readonly stock: number; readonly was: number },
    origin?: OutboxOrigin,
  ): Promise<z.infer<typeof Product> | undefined> {
    const row = await tx
      .updateTable("products")
      .set({ stock })
      .where("id", "=", id)
      .where("stock", "in", [was, stock])
      .where("is_removed", "=", 0)
      .returning(productColumns)
      .executeTakeFirst();
    if (row) await this.#tell(tx, row, origin);
    return row;
  }

  /** Undefined if it is not there. */
  async stockOf(tx: Tx, id: number): Promise<number | undefined> {
    const row = await tx
      .selectFrom("products")
      .select("stock")
      .where("id", "=", id)
      .where("is_removed", "=", 0)
      .executeTakeFirst();
    return row?.stock;
  }

  /** Takes all or nothing; the same purchase again takes nothing more. Throws {@link Shortage}. */
  async take(tx: Tx, purchaseId: string, items: Lines, origin?: OutboxOrigin): Promise<void> {
    const isTaken = await tx
      .selectFrom("reservations")
      .select("product_id")
      .where("purchase_id", "=", purchaseId)
      .executeTakeFirst();
    if (isTaken) return;
    for (const { productId, quantity } of items) {
      const row = await tx
        .updateTable("products")
        .set({ stock: sql`stock - ${quantity}` })
        .where("id", "=", productId)
        .where("stock", ">=", quantity)
        .where("is_removed", "=", 0)
        .returning(productColumns)
        .executeTakeFirst();
      if (!row) throw new Shortage(productId);
      await tx
        .insertInto("reservations")
        .values({ purchase_id: purchaseId, product_id: productId, quantity })
        .execute();
      await this.#tell(tx, row, origin);
    }
  }

  isReleased(tx: Tx, purchaseId: string): Promise<object | undefined> {
    return tx
      .selectFrom("releases")
      .selectAll()
      .where("purchase_id", "=", purchaseId)
      .executeTakeFirst();
  }

  /** Gives back what a purchase took, once. */
  async release(tx: Tx, purchaseId: string, origin?: OutboxOrigin): Promise<void> {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("releases")
      .values({ purchase_id: purchaseId })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 0n) return;
    const taken = await tx
      .deleteFrom("reservations")
      .where("purchase_id", "=", purchaseId)
      .returning(["product_id", "quantity"])
      .execute();
    for (const { product_id, quantity } of taken) {
      const row = await tx
        .updateTable("products")
        .set({ stock: sql<number>`stock + ${quantity}` })
        .where("id", "=", product_id)
        .returning([...productColumns, "is_removed"])
        .executeTakeFirstOrThrow();
      const { is_removed, ...product } = row;
      if (!is_removed) await this.#tell(tx, product, origin);
    }
  }

  /** Fills empty shelves. Gives the number of products put there. */
  fill(db: Kysely<ShelfTables>): Promise<number> {
    return db.transaction().execute(async (tx) => {
      // Takes the write lock before looking, on either engine.
      await tx.updateTable("openings").set({ count: sql`count + 1` }).where("id", "=", 1).execute();
      const first = await tx.selectFrom("products").select("id").limit(1).executeTakeFirst();
      if (first) return 0;
      const all = catalogue(seedCount);
      for (const product of all) await this.add(tx, product);
      return all.length;
    });
  }

  #tell(tx: Tx, product: z.infer<typeof Product>, origin: OutboxOrigin | undefined): Promise<void> {
    const { id } = product;
    return this.#outbox.publish(runnerOf(tx), products.changed, { id, product }, origin);
  }
}
