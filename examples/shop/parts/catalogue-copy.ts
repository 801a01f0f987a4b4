import type { SqlDatabase, SqlRunner } from "dure/node";
import type { Kysely } from "kysely";
import type { z } from "zod";
import type { Product } from "../contracts/schemas.ts";

export interface CatalogueTables {
  documents: { product_id: number; text: string; product: string };
  sales: { product_id: number; sold: number };
}
type ShownProduct = z.infer<typeof Product>;

/** The searchable copy of the catalogue, and what sells. */
export class Catalogue {
  readonly #insertDocument: string;
  readonly #deleteDocument: string;
  readonly #addSales: string;

  constructor(dialect: SqlDatabase["dialect"]) {
    const mark = (position: number) => (dialect === "sqlite" ? "?" : `$${position}`);
    this.#insertDocument = `insert into documents values (${mark(1)}, ${mark(2)}, ${mark(3)}) on conflict (product_id) do update set text = excluded.text, product = excluded.product`;
    this.#deleteDocument = `delete from documents where product_id = ${mark(1)}`;
    this.#addSales = `insert into sales values (${mark(1)}, ${mark(2)}) on conflict (product_id) do update set sold = sales.sold + excluded.sold`;
  }

  async change(
    run: SqlRunner,
    { id, product }: { readonly id: number; readonly product: ShownProduct | null },
  ): Promise<void> {
    if (!product) return void (await run(this.#deleteDocument, [id]));
    const { name, category, description } = product;
    const text = `${name} ${category} ${description}`.toLowerCase();
    await run(this.#insertDocument, [id, text, JSON.stringify(product)]);
  }

  async count(
    run: SqlRunner,
    items: readonly { readonly productId: number; readonly quantity: number }[],
  ): Promise<void> {
    for (const { productId, quantity } of items) await run(this.#addSales, [productId, quantity]);
  }

  /** Every word must be in the text; what is special in a pattern is a word like any other. */
  async find(db: Kysely<CatalogueTables>, q: string, limit: number): Promise<ShownProduct[]> {
    let query = db.selectFrom("documents").select("product").orderBy("product_id").limit(limit);
    for (const word of q.toLowerCase().split(/\s+/).filter(Boolean)) {
      query = query.where("text", "like", `%${word.replace(/[\\%_]/g, " ")}%`);
    }
    return (await query.execute()).map(({ product }) => JSON.parse(product));
  }

  async bestsellers(
    db: Kysely<CatalogueTables>,
    limit: number,
  ): Promise<{ product: ShownProduct; sold: number }[]> {
    const rows = await db
      .selectFrom("sales")
      .innerJoin("documents", "documents.product_id", "sales.product_id")
      .select(["product", "sold"])
      .orderBy("sold", "desc")
      .limit(limit)
      .execute();
    return rows.map(({ product, sold }) => ({ product: JSON.parse(product), sold }));
  }
}
