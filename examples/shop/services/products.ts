import { service } from "dure";
import { type Generated, type Kysely, sql, type Transaction } from "kysely";
import { products } from "../contracts/products.ts";
import { catalogue, type NewProduct } from "../parts/catalogue.ts";
import { withId } from "../parts/columns.ts";
import { databaseEnv, openDatabase } from "../parts/database.ts";

interface Tables {
  products: NewProduct & { id: Generated<number>; revision: number; is_removed: number };
  /** One row: the number of the last change. Every changed product takes the next one inside its transaction, so none is skipped. */
  revisions: { id: number; value: number };
  reservations: { purchase_id: string; product_id: number; quantity: number };
  /** Purchases that gave their stock back; a late `take` of theirs is refused. */
  releases: { purchase_id: string };
}

const columns = ["id", "name", "category", "description", "price", "stock"] as const;
const seedCount = 1_000;

export default service(products, {
  env: databaseEnv,
  async setup({ env, onStop, handle, log }) {
    const { db, close } = await openDatabase<Tables>("products", env, {
      "1-products": async (on, engine) => {
        await withId(on.schema.createTable("products"), engine)
          .addColumn("name", "text", (column) => column.notNull())
          .addColumn("category", "text", (column) => column.notNull())
          .addColumn("description", "text", (column) => column.notNull())
          .addColumn("price", "integer", (column) => column.notNull())
          .addColumn("stock", "integer", (column) => column.notNull())
          .addColumn("revision", "integer", (column) => column.notNull())
          .addColumn("is_removed", "integer", (column) => column.notNull().defaultTo(0))
          .execute();
        await on.schema
          .createIndex("products_revision")
          .on("products")
          .column("revision")
          .execute();
        await on.schema
          .createIndex("products_category")
          .on("products")
          .columns(["category", "id"])
          .execute();
        await on.schema
          .createTable("revisions")
          .addColumn("id", "integer", (column) => column.primaryKey())
          .addColumn("value", "integer", (column) => column.notNull())
          .execute();
        await on.insertInto("revisions").values({ id: 1, value: 0 }).execute();
      },
      "2-reservations": async (on) => {
        await on.schema
          .createTable("reservations")
          .addColumn("purchase_id", "text", (column) => column.notNull())
          .addColumn("product_id", "integer", (column) => column.notNull())
          .addColumn("quantity", "integer", (column) => column.notNull())
          .addPrimaryKeyConstraint("reservations_key", ["purchase_id", "product_id"])
          .execute();
        await on.schema
          .createTable("releases")
          .addColumn("purchase_id", "text", (column) => column.primaryKey())
          .execute();
      },
    });
    onStop(close);
    const seeded = await seed(db);
    if (seeded > 0) log.info(`${seeded} products are on the shelves`);

    const onShelf = () => db.selectFrom("products").select(columns).where("is_removed", "=", 0);
    return handle({
      list: async ({ category, limit = 20, cursor }) => {
        let query = onShelf()
          .orderBy("id")
          .limit(limit + 1);
        if (category) query = query.where("category", "=", category);
        if (cursor) query = query.where("id", ">", Number(cursor));
        const rows = await query.execute();
        const items = rows.slice(0, limit);
        return { items, next: rows.length > limit ? String(items.at(-1)?.id) : null };
      },
      get: async ({ id }, ctx) =>
        (await onShelf().where("id", "=", id).executeTakeFirst()) ??
        ctx.fail("NoSuchProduct", { id }),
      add: ({ description = "", ...input }) =>
        db.transaction().execute(async (tx) => {
          const product = {
            ...input,
            description,
            revision: await nextRevision(tx),
            is_removed: 0,
          };
          return tx
            .insertInto("products")
            .values(product)
            .returning(columns)
            .executeTakeFirstOrThrow();
        }),
      remove: ({ id }, ctx) =>
        db.transaction().execute(async (tx) => {
          const revision = await nextRevision(tx);
          const { numUpdatedRows } = await tx
            .updateTable("products")
            .set({ is_removed: 1, revision })
            .where("id", "=", id)
            .where("is_removed", "=", 0)
            .executeTakeFirst();
          if (numUpdatedRows === 0n) ctx.fail("NoSuchProduct", { id });
        }),
      pick: async ({ ids }) => ({
        items: ids.length === 0 ? [] : await onShelf().where("id", "in", ids).execute(),
      }),
      categories: async () => {
        const rows = await db
          .selectFrom("products")
          .select("category")
          .distinct()
          .where("is_removed", "=", 0)
          .orderBy("category")
          .execute();
        return { items: rows.map(({ category }) => category) };
      },
      take: ({ purchaseId, items }, ctx) =>
        db.transaction().execute(async (tx) => {
          const isReleased = await tx
            .selectFrom("releases")
            .selectAll()
            .where("purchase_id", "=", purchaseId)
            .executeTakeFirst();
          if (isReleased) ctx.fail("Released");
          const isTaken = await tx
            .selectFrom("reservations")
            .select("product_id")
            .where("purchase_id", "=", purchaseId)
            .executeTakeFirst();
          if (isTaken) return;
          for (const { productId, quantity } of items) {
            const { numUpdatedRows } = await tx
              .updateTable("products")
              .set({ stock: sql`stock - ${quantity}`, revision: await nextRevision(tx) })
              .where("id", "=", productId)
              .where("stock", ">=", quantity)
              .where("is_removed", "=", 0)
              .executeTakeFirst();
            // The failure rolls back what the lines before it took.
            if (numUpdatedRows === 0n) ctx.fail("OutOfStock", { productId });
            await tx
              .insertInto("reservations")
              .values({ purchase_id: purchaseId, product_id: productId, quantity })
              .execute();
          }
        }),
      release: ({ purchaseId }) =>
        db.transaction().execute(async (tx) => {
          const inserted = await tx
            .insertInto("releases")
            .values({ purchase_id: purchaseId })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst();
          if (inserted.numInsertedOrUpdatedRows === 0n) return;
          const taken = await tx
            .selectFrom("reservations")
            .selectAll()
            .where("purchase_id", "=", purchaseId)
            .execute();
          for (const { product_id, quantity } of taken) {
            const change = {
              stock: sql<number>`stock + ${quantity}`,
              revision: await nextRevision(tx),
            };
            await tx.updateTable("products").set(change).where("id", "=", product_id).execute();
          }
          await tx.deleteFrom("reservations").where("purchase_id", "=", purchaseId).execute();
        }),
      changes: async ({ since, limit }) => {
        const rows = await db
          .selectFrom("products")
          .select([...columns, "revision", "is_removed"])
          .where("revision", ">", since)
          .orderBy("revision")
          .orderBy("id")
          .limit(limit)
          .execute();
        return {
          items: rows.map(({ revision, is_removed, ...product }) => ({
            id: product.id,
            revision,
            product: is_removed ? null : product,
          })),
        };
      },
    });
  },
});

async function nextRevision(tx: Transaction<Tables>): Promise<number> {
  const { value } = await tx
    .updateTable("revisions")
    .set({ value: sql`value + 1` })
    .where("id", "=", 1)
    .returning("value")
    .executeTakeFirstOrThrow();
  return value;
}

/** Fills empty shelves; of two instances that start at once, one does it. Gives the number of products put there. */
function seed(db: Kysely<Tables>): Promise<number> {
  return db.transaction().execute(async (tx) => {
    // Takes the write lock before looking, on either engine.
    await tx.updateTable("revisions").set({ value: sql`value` }).where("id", "=", 1).execute();
    const first = await tx.selectFrom("products").select("id").limit(1).executeTakeFirst();
    if (first) return 0;
    const all = catalogue(seedCount);
    for (let at = 0; at < all.length; at += 100) {
      const shelf = all.slice(at, at + 100);
      const rows = [];
      for (const product of shelf)
        rows.push({ ...product, revision: await nextRevision(tx), is_removed: 0 });
      await tx.insertInto("products").values(rows).execute();
    }
    return all.length;
  });
}
