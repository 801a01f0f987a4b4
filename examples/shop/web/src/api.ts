/** The shop's services, as its pages call them: typed by their contracts, over the gateway. */
import { pick } from "dure";
import { httpClient } from "dure/http";
import { carts } from "../../contracts/carts.ts";
import { members } from "../../contracts/members.ts";
import { products } from "../../contracts/products.ts";
import { purchases } from "../../contracts/purchases.ts";
import { reviews } from "../../contracts/reviews.ts";
import { search } from "../../contracts/search.ts";
import { store } from "../../contracts/store.ts";
import { token } from "./session.ts";

const options = { baseUrl: "/", token };

export const api = {
  members: httpClient(pick(members, "signUp", "signIn"), options),
  products: httpClient(
    pick(products, "list", "get", "categories", "pick", "add", "remove", "setStock"),
    options,
  ),
  carts: httpClient(pick(carts, "put", "remove"), options),
  store: httpClient(pick(store, "cart", "checkout"), options),
  purchases: httpClient(pick(purchases, "list", "orders"), options),
  search: httpClient(pick(search, "find", "bestsellers"), options),
  reviews: httpClient(pick(reviews, "list", "write"), options),
};

/** How long a page waits for a part that it can do without, in ms. */
export const sideMs = 2_500;

/** A product as the catalogue shows it. */
export type Product = Awaited<ReturnType<typeof api.products.get>>;
/** A review as it is shown. */
export type Review = Awaited<ReturnType<typeof api.reviews.list>>["items"][number];

/** The code of what a call was rejected with. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? "");
}

/** What a contract's own error carries. */
export function dataOf(error: unknown): Readonly<Record<string, unknown>> {
  return (error as { data?: Record<string, unknown> } | undefined)?.data ?? {};
}

/** What is wrong with which field, if that is what a call was rejected for. */
export function issuesOf(error: unknown): ReadonlyMap<string, string> {
  const { details } = (error ?? {}) as {
    details?: { issues?: readonly { path: string; message: string }[] };
  };
  return new Map(details?.issues?.map(({ path, message }) => [path, message]));
}
