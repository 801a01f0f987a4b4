import { service } from "dure";
import { openInbox, openOutbox } from "dure/node";
import type { Transaction } from "kysely";
import { checkout } from "../contracts/checkout.ts";
import { products } from "../contracts/products.ts";
import { withId } from "../parts/columns.ts";
import { databaseEnv, openDatabase, runnerOf } from "../parts/database.ts";
import { productColumns, type ShelfTables, Shelves, shortageOf } from "../parts/shelves.ts";

export default service(products, {
  env: databaseEnv,
  async setup(host) {
    const { env, onStop, handle, log, on } = host;
    const { db, sqlDatabase, close } = await openDatabase<ShelfTables>("products", env, {
      "1-products": async (tables, engine) => {
        await withId(tables.schema.createTable("products"), engine)
          .addColumn("name", "text", (column) => column.notNull())
          .addColumn("category", "text", (column) => column.notNull())
          .addColumn("description", "text", (column) => column.notNull())
          .addColumn("price", "integer", (column) => column.notNull())
          .addColumn("stock", "integer", (column) => column.notNull())
          .addColumn("is_removed", "integer", (column) => column.notNull().defaultTo(0))
          .execute();
        await tables.schema
          .createIndex("products_category")
          .on("products")
          .columns(["category", "id"])
          .execute();
        await tables.schema
          .createTable("openings")
          .addColumn("id", "integer", (column) => column.primaryKey())
          .addColumn("count", "integer", (column) => column.notNull())
          .execute();
        await tables.insertInto("openings").values({ id: 1, count: 0 }).execute();
      },
      "2-reservations": async (tables) => {
        await tables.schema
          .createTable("reservations")
          .addColumn("purchase_id", "text", (column) => column.notNull())
          .addColumn("product_id", "integer", (column) => column.notNull())
          .addColumn("quantity", "integer", (column) => column.notNull())
          .addPrimaryKeyConstraint("reservations_key", ["purchase_id", "product_id"])
          .execute();
        await tables.schema
          .createTable("releases")
          .addColumn("purchase_id", "text", (column) => column.primaryKey())
          .execute();
      },
    });
    onStop(close);
    const outbox = await openOutbox(host, sqlDatabase);
    const inbox = await openInbox(host, sqlDatabase);
    const shelves = new Shelves(outbox);
    const filled = await shelves.fill(db);
    if (filled > 0) log.info(`${filled} products are on the shelves`);
    const inTransaction = <Value>(work: (tx: Transaction<ShelfTables>) => Promise<Value>) =>
      db.transaction().execute(work);

    /** The shop without a conductor: somebody has paid, so stock is taken, or the shortage is told. */
    on(checkout.purchased, async (order, ctx) => {
      const { purchaseId } = order;
      const isNew = (tx: Transaction<ShelfTables>) =>
        inbox.isNew(runnerOf(tx), "stock", ctx.idempotencyKey ?? "");
      const productId = await inTransaction(async (tx) => {
        if (!(await isNew(tx))) return undefined;
        await shelves.take(tx, purchaseId, order.items, ctx);
        await outbox.publish(runnerOf(tx), products.taken, order, ctx);
        return undefined;
      }).catch(shortageOf);
      if (productId === undefined) return;
      await inTransaction(async (tx) => {
        if (!(await isNew(tx))) return;
        await outbox.publish(runnerOf(tx), products.shortage, { purchaseId, productId }, ctx);
      });
    });

    const onShelf = () =>
      db.selectFrom("products").select(productColumns).where("is_removed", "=", 0);
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
      add: ({ description = "", ...input }, ctx) =>
        inTransaction((tx) => shelves.add(tx, { ...input, description }, ctx)),
      remove: ({ id }, ctx) =>
        inTransaction(async (tx) => {
          if (!(await shelves.remove(tx, id, ctx))) ctx.fail("NoSuchProduct", { id });
        }),
      setStock: ({ id, stock, was }, ctx) =>
        inTransaction(async (tx) => {
          const set = await shelves.setStock(tx, { id, stock, was }, ctx);
          if (set) return set;
          const now = await shelves.stockOf(tx, id);
          return now === undefined
            ? ctx.fail("NoSuchProduct", { id })
            : ctx.fail("StockChanged", { stock: now });
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
        inTransaction(async (tx) => {
          if (await shelves.isReleased(tx, purchaseId)) ctx.fail("Released");
          await shelves.take(tx, purchaseId, items, ctx);
        }).catch((thrown) => ctx.fail("OutOfStock", { productId: shortageOf(thrown) })),
      release: ({ purchaseId }, ctx) => inTransaction((tx) => shelves.release(tx, purchaseId, ctx)),
    });
  },
});
