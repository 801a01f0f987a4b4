import { cartCount } from "../cart.ts";
import { tell } from "../notice.ts";
import { address, go, place } from "../router.ts";
import { isAdmin, session, signInAddress, signOut } from "../session.ts";
import { countText } from "../words.ts";
import { Icon } from "./icons.tsx";

export function Header() {
  const { path, query } = place.value;
  const current = (to: string) => (path === to ? ("page" as const) : undefined);
  return (
    <header class="top">
      <div class="top-inner">
        <a class="brand" href="/">
          <span class="brand-mark" lang="ko" aria-hidden="true">
            두레
          </span>
          <span>Dure Shop</span>
        </a>
        <SearchBox q={query.get("q") ?? ""} />
        <nav class="account" aria-label="Your shop">
          {session.value ? (
            <>
              {isAdmin.value ? (
                <a href="/shop/admin" aria-current={current("/shop/admin")}>
                  Admin
                </a>
              ) : null}
              <a href="/shop/purchases" aria-current={current("/shop/purchases")}>
                Purchases
              </a>
              <button type="button" class="link" onClick={leave} title={session.value.name}>
                Sign out
              </button>
            </>
          ) : (
            <a
              href={signInAddress(
                isForm(path) ? { path: "/", query: new URLSearchParams() } : place.value,
              )}
            >
              Sign in
            </a>
          )}
          <a
            class="cart-link"
            href="/shop/cart"
            aria-current={current("/shop/cart")}
            aria-label={`Cart, ${countText(cartCount.value, "piece")}`}
          >
            <Icon name="cart" />
            {cartCount.value > 0 ? <span class="badge">{cartCount.value}</span> : null}
          </a>
        </nav>
      </div>
    </header>
  );
}

function isForm(path: string): boolean {
  return path === "/shop/sign-in" || path === "/shop/sign-up";
}

function leave(): void {
  signOut();
  go("/");
  tell("You are signed out.");
}

function SearchBox({ q }: { readonly q: string }) {
  return (
    <search>
      <form
        class="search"
        action="/"
        onSubmit={(event) => {
          event.preventDefault();
          const entered = new FormData(event.currentTarget).get("q");
          go(address("/", { q: String(entered ?? "").trim() }));
        }}
      >
        <Icon name="search" />
        <input
          key={q}
          type="search"
          name="q"
          defaultValue={q}
          maxLength={200}
          aria-label="Search the shop"
          placeholder="Kettles, kites, cookbooks"
        />
        <button type="submit">Search</button>
      </form>
    </search>
  );
}
