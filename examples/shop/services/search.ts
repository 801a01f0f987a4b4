import { service } from "dure";
import { openProjection, projects } from "dure/node";
import { products } from "../contracts/products.ts";
import { purchases } from "../contracts/purchases.ts";
import { search } from "../contracts/search.ts";
import { Catalogue, type CatalogueTables } from "../parts/catalogue-copy.ts";
import { databaseEnv, openDatabase } from "../parts/database.ts";

/** What it knows it has from events: a copy that can be thrown away and made again. */
export default service(search, {
  env: databaseEnv,
  async setup(host) {
    const { db, sqlDatabase, close } = await openDatabase<CatalogueTables>("search", host.env, {
      "1-documents": async (tables) => {
        await tables.schema
          .createTable("documents")
          .addColumn("product_id", "integer", (column) => column.primaryKey())
          .addColumn("text", "text", (column) => column.notNull())
          .addColumn("product", "text", (column) => column.notNull())
          .execute();
        await tables.schema
          .createTable("sales")
          .addColumn("product_id", "integer", (column) => column.primaryKey())
          .addColumn("sold", "integer", (column) => column.notNull())
          .execute();
      },
    });
    host.onStop(close);
    const catalogue = new Catalogue(sqlDatabase.dialect);
    await openProjection(host, sqlDatabase, {
      name: "catalogue",
      from: [projects(products.changed, (run, change) => catalogue.change(run, change))],
      reset: (run) => run("delete from documents", []),
    });
    await openProjection(host, sqlDatabase, {
      name: "bestsellers",
      from: [projects(purchases.recorded, (run, { items }) => catalogue.count(run, items))],
      reset: (run) => run("delete from sales", []),
    });
    return host.handle({
      find: async ({ q, limit = 20 }) => ({ items: await catalogue.find(db, q, limit) }),
      bestsellers: async ({ limit = 10 }) => ({ items: await catalogue.bestsellers(db, limit) }),
    });
  },
});
