/** Compiled by `npm run types`; a line that should not compile says so. */
import { z } from "zod";
import {
  type ClientOf,
  contract,
  event,
  type Handler,
  op,
  pick,
  service,
} from "../../src/index.ts";

const ById = z.object({ id: z.int() });
const Product = z.object({ id: z.int(), name: z.string(), price: z.number() });
const products = contract("products", {
  get: op({
    http: "GET /products/:id",
    auth: "public",
    input: ById,
    output: Product,
    errors: { NoSuchProduct: { status: 404, data: ById }, Gone: { status: 410 } },
  }),
  list: op({ output: z.object({ items: z.array(Product) }) }),
  remove: op({ http: "DELETE /products/:id", input: ById }),
  added: event(Product, { key: (product) => String(product.id) }),
});

declare const client: ClientOf<typeof products>;

export async function callers(): Promise<void> {
  const product = await client.get({ id: 7 });
  const price: number = product.price;
  // @ts-expect-error the field is called price
  product.prise;
  // @ts-expect-error the field is called id
  await client.get({ ident: 7 });
  // @ts-expect-error an id is a number
  await client.get({ id: "7" });
  // @ts-expect-error there is no such operation
  client.find;
  // @ts-expect-error an event is not called
  client.added;
  const { items } = await client.list();
  items satisfies { name: string }[];
  const removed: undefined = await client.remove({ id: price });
  const found = await client.get({ id: 7 }, { deadlineMs: 200 }).result();
  if (found.ok) found.value.name satisfies string;
  else if (found.error.code === "NoSuchProduct")
    found.error.data satisfies { id: number } | undefined;
  try {
    await client.get({ id: 7 });
  } catch (error) {
    if (products.get.is(error, "NoSuchProduct")) error.data.id satisfies number;
    // @ts-expect-error not one of its errors
    products.get.is(error, "OutOfStock");
  }
  void removed;
}

const shown = pick(products, "get", "list");
declare const shownClient: ClientOf<typeof shown>;

export async function callersOfPicked(): Promise<void> {
  const { name } = await shownClient.get({ id: 7 });
  name satisfies string;
  await shownClient.list();
  // @ts-expect-error not picked
  shownClient.remove;
  try {
    await shownClient.get({ id: 7 });
  } catch (error) {
    if (shown.get.is(error, "NoSuchProduct")) error.data.id satisfies number;
  }
}
// @ts-expect-error there is no such operation
pick(products, "gte");
// @ts-expect-error an event is not called
pick(products, "added");
// @ts-expect-error a contract of nothing
pick(products);

export const get: Handler<typeof products.get> = async ({ id }, ctx) => {
  if (id < 0) ctx.fail("NoSuchProduct", { id });
  if (id === 0) ctx.fail("Gone");
  // @ts-expect-error the data is missing
  if (id === 1) ctx.fail("NoSuchProduct");
  // @ts-expect-error not one of its errors
  if (id === 2) ctx.fail("OutOfStock");
  const self = await ctx.client(products).get({ id });
  return { ...self, name: "x" };
};

export const hosted = service(products, ({ handle }) =>
  handle({ get, list: () => ({ items: [] }), remove: () => {} }),
);

service(products, ({ handle }) =>
  // @ts-expect-error list and remove are missing
  handle({ get }),
);

service(products, {
  env: { PAGE_SIZE: z.coerce.number() },
  setup({ env, handle }) {
    env.PAGE_SIZE satisfies number;
    // @ts-expect-error not declared
    env.PORT;
    return handle({
      // @ts-expect-error price must be a number
      get: () => ({ id: 1, name: "", price: "1" }),
      list: () => ({ items: [] }),
      remove: () => {},
    });
  },
});

// @ts-expect-error idempotant is not an option
op({ idempotant: true });
// @ts-expect-error a path starts with a slash
op({ http: "GET products" });
// @ts-expect-error the path parameter is missing in the input
op({ http: "GET /products/:sku", input: ById });
