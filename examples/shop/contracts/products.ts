import { contract, event, op } from "dure";
import { z } from "zod";
import { Line, Money, Order, Product, ProductId } from "./schemas.ts";

const ById = z.object({ id: ProductId });
const Stock = z.int().min(0).max(1_000_000);
const NoSuchProduct = { status: 404, data: ById } as const;

export const products = contract("products", {
  list: op({
    http: "GET /products",
    auth: "public",
    summary: "The catalogue, page by page",
    input: z.object({
      category: z.string().max(100).optional(),
      limit: z.int().min(1).max(100).optional(),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/, "is not a cursor from an earlier page")
        .optional(),
    }),
    output: z.object({ items: z.array(Product), next: z.string().nullable() }),
    cache: { maxAgeS: 60, staleIfErrorS: 600, tags: ["products"] },
  }),
  get: op({
    http: "GET /products/:id",
    auth: "public",
    summary: "One product",
    input: ById,
    output: Product,
    errors: { NoSuchProduct },
  }),
  add: op({
    http: "POST /products",
    status: 201,
    scopes: ["products:write"],
    summary: "Add a product",
    input: z.object({
      name: z.string().min(1).max(200),
      category: z.string().min(1).max(100),
      description: z.string().max(5_000).optional(),
      price: Money,
      stock: Stock,
    }),
    output: Product,
  }),
  remove: op({
    http: "DELETE /products/:id",
    scopes: ["products:write"],
    summary: "Take a product off the shelves",
    input: ById,
    errors: { NoSuchProduct },
  }),
  /** Says how many there are. `was` is what one has seen: if somebody bought meanwhile, nothing is changed. */
  setStock: op({
    http: "PUT /products/:id/stock",
    scopes: ["products:write"],
    summary: "Say how many are in stock",
    input: z.object({ id: ProductId, stock: Stock, was: z.int() }),
    output: Product,
    errors: {
      NoSuchProduct,
      StockChanged: { status: 409, data: z.object({ stock: z.int() }) },
    },
  }),
  /** Several at once, those that exist. */
  pick: op({
    http: "POST /products/pick",
    auth: "public",
    summary: "Several products at once",
    idempotent: true,
    input: z.object({ ids: z.array(ProductId).max(1_000) }),
    output: z.object({ items: z.array(Product) }),
  }),
  categories: op({
    http: "GET /categories",
    auth: "public",
    summary: "What the catalogue is sorted by",
    output: z.object({ items: z.array(z.string()) }),
    cache: { maxAgeS: 60, staleIfErrorS: 600, tags: ["products"] },
  }),
  /** Takes stock for a purchase. The same purchase again takes nothing more. */
  take: op({
    idempotent: true,
    input: z.object({ purchaseId: z.string(), items: z.array(Line) }),
    errors: {
      OutOfStock: { status: 409, data: z.object({ productId: ProductId }) },
      Released: { status: 409 },
    },
  }),
  /** Gives back what a purchase took, and refuses it from then on. */
  release: op({ idempotent: true, input: z.object({ purchaseId: z.string() }) }),
  /** Stock was taken for a purchase that is paid. */
  taken: event(Order, { key: ({ purchaseId }) => purchaseId }),
  /** There was not enough of something: nothing was taken. */
  shortage: event(z.object({ purchaseId: z.string(), productId: ProductId }), {
    key: ({ purchaseId }) => purchaseId,
  }),
  /** A product as it is now; null once it is gone. */
  changed: event(z.object({ id: ProductId, product: Product.nullable() }), {
    key: ({ id }) => String(id),
    purges: ["products"],
  }),
});
