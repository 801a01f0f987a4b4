import { setTimeout as pause } from "node:timers/promises";
import { service } from "dure";
import type { Kysely } from "kysely";
import { products } from "../contracts/products.ts";
import { search } from "../contracts/search.ts";
import { databaseEnv, openDatabase } from "../parts/database.ts";

interface Tables {
  documents: { product_id: number; revision: number; text: string; product: string };
}

const pageSize = 500;
const pollMs = 1_000;
/** A query waits this long for the newest changes; after that it answers from what it has. */
const catchUpMs = 250;

type ChangesOf = (input: { since: number; limit: number }) => Promise<{
  items: {
    id: number;
    revision: number;
    product: { name: string; category: string; description: string } | null;
  }[];
}>;

export default service(search, {
  env: databaseEnv,
  async setup({ env, onStop, handle, client, signal, log }) {
    const { db, close } = await openDatabase<Tables>("search", env, {
      "1-documents": async (on) => {
        await on.schema
          .createTable("documents")
          .addColumn("product_id", "integer", (column) => column.primaryKey())
          .addColumn("revision", "integer", (column) => column.notNull())
          .addColumn("text", "text", (column) => column.notNull())
          .addColumn("product", "text", (column) => column.notNull())
          .execute();
        await on.schema
          .createIndex("documents_revision")
          .on("documents")
          .column("revision")
          .execute();
      },
    });
    const index = new Index(db);
    const following = follow(
      signal,
      () => index.catchUp((input) => client(products).changes(input)),
      (reason) => log.debug("products cannot be followed now", { reason }),
    );
    onStop(async () => {
      await following;
      await close();
    });

    return handle({
      find: async ({ q, limit = 20 }, ctx) => {
        const newest = index.catchUp((input) =>
          ctx.client(products).changes(input, { deadlineMs: catchUpMs }),
        );
        await newest.catch((error: Error) =>
          ctx.log.debug("answering without the newest changes", { reason: error.message }),
        );
        return { items: await index.find(q, limit) };
      },
    });
  },
});

/** Asks for changes again and again until the service stops. */
async function follow(
  signal: AbortSignal,
  catchUp: () => Promise<void>,
  onFailure: (reason: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    await catchUp().catch((error: Error) => onFailure(error.message));
    await pause(pollMs, undefined, { signal }).catch(() => {});
  }
}

/** The searchable copy of the catalogue; it knows by its highest revision how far it has come. */
class Index {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Takes in what has changed since the last time. Removed products stay as empty documents, so that the revision is kept. */
  async catchUp(changesOf: ChangesOf): Promise<void> {
    for (;;) {
      const { revision } = await this.#db
        .selectFrom("documents")
        .select((select) => select.fn.max("revision").as("revision"))
        .executeTakeFirstOrThrow();
      const { items } = await changesOf({ since: revision ?? 0, limit: pageSize });
      if (items.length === 0) return;
      await this.#db.transaction().execute(async (tx) => {
        for (const { id, revision, product } of items) {
          const document = {
            revision,
            text: product
              ? `${product.name} ${product.category} ${product.description}`.toLowerCase()
              : "",
            product: JSON.stringify(product),
          };
          await tx
            .insertInto("documents")
            .values({ product_id: id, ...document })
            .onConflict((conflict) => conflict.column("product_id").doUpdateSet(document))
            .execute();
        }
      });
      if (items.length < pageSize) return;
    }
  }

  /** Every word must be in the text; names of the words themselves cannot be patterns. */
  async find(q: string, limit: number) {
    let query = this.#db
      .selectFrom("documents")
      .select("product")
      .orderBy("product_id")
      .limit(limit);
    for (const word of q.toLowerCase().split(/\s+/).filter(Boolean)) {
      query = query.where("text", "like", `%${word.replace(/[\\%_]/g, " ")}%`);
    }
    return (await query.execute()).map(({ product }) => JSON.parse(product));
  }
}
