/** One's own cart, as every page shows it. */
import { computed, signal } from "@preact/signals";
import { api, codeOf, type Product } from "./api.ts";
import { tell } from "./notice.ts";
import { address, go, place } from "./router.ts";
import { session } from "./session.ts";
import { leaveIfSignedOut } from "./use-loaded.ts";
import { reasonText } from "./words.ts";

export type Cart = Awaited<ReturnType<typeof api.store.cart>>;

export const cart = signal<Cart | "loading" | "missing">("loading");
export const cartCount = computed(() =>
  typeof cart.value === "string"
    ? 0
    : cart.value.items.reduce((sum, { quantity }) => sum + quantity, 0),
);

/** What somebody who is not signed in wants to have, until they are. */
const wishKey = "shop.wish";
export const quantityMax = 20;

export async function loadCart(): Promise<void> {
  if (!session.value) return;
  const found = await api.store.cart().result();
  if (!found.ok) leaveIfSignedOut(found.error);
  cart.value = found.ok ? found.value : "missing";
}

export function forgetCart(): void {
  cart.value = "loading";
}

/** Puts so many more into the cart; whoever is not signed in does that first. */
export async function addToCart(product: Pick<Product, "id" | "name">, more = 1): Promise<void> {
  if (!session.value) {
    sessionStorage.setItem(wishKey, JSON.stringify({ id: product.id, name: product.name, more }));
    const { path, query } = place.value;
    return go(address("/shop/sign-up", { to: query.size === 0 ? path : `${path}?${query}` }));
  }
  if (cart.value === "loading") await loadCart();
  const lines = typeof cart.value === "string" ? [] : cart.value.items;
  const has = lines.find((line) => line.product.id === product.id)?.quantity ?? 0;
  const isIn = await setQuantity(product.id, Math.min(has + more, quantityMax));
  if (isIn) tell(`${product.name} is in your cart.`, { to: "/shop/cart", text: "See the cart" });
}

/** Says how many are wanted; 0 takes the product out. Whether that went well. */
export async function setQuantity(productId: number, quantity: number): Promise<boolean> {
  const changed =
    quantity === 0
      ? await api.carts.remove({ productId }).result()
      : await api.carts.put({ productId, quantity }).result();
  if (changed.ok) {
    await loadCart();
    return true;
  }
  if (leaveIfSignedOut(changed.error)) return false;
  const code = codeOf(changed.error);
  if (code === "CartFull") tell("The cart is full: a hundred different things are the most.");
  else if (code === "NoSuchProduct") tell("That product is no longer sold.");
  else tell(reasonText(changed.error));
  return false;
}

/** After signing in: what was wanted before goes into the cart. */
export async function fulfilWish(): Promise<void> {
  const text = sessionStorage.getItem(wishKey);
  sessionStorage.removeItem(wishKey);
  await loadCart();
  if (text === null) return;
  const { id, name, more } = JSON.parse(text);
  await addToCart({ id, name }, more);
}

/** The name of what is wanted, for those who sign in for it. */
export function wishedName(): string | undefined {
  const text = sessionStorage.getItem(wishKey);
  return text === null ? undefined : JSON.parse(text).name;
}
