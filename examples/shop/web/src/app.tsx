import { useEffect } from "preact/hooks";
import { Admin } from "./admin/admin.tsx";
import { forgetCart, loadCart } from "./cart.ts";
import { CartPage } from "./pages/cart-page.tsx";
import { Catalogue } from "./pages/catalogue.tsx";
import { Checkout } from "./pages/checkout.tsx";
import { NotFound } from "./pages/not-found.tsx";
import { ProductPage } from "./pages/product-page.tsx";
import { Purchases } from "./pages/purchases.tsx";
import { SearchResults } from "./pages/search-results.tsx";
import { SignIn, SignUp } from "./pages/sign-in.tsx";
import { Footer } from "./parts/footer.tsx";
import { Header } from "./parts/header.tsx";
import { Notice } from "./parts/notice.tsx";
import { go, place } from "./router.ts";
import { session, signInAddress } from "./session.ts";

/** Pages that are somebody's own: without being signed in one is asked to. */
const own = ["/shop/cart", "/shop/checkout", "/shop/purchases", "/shop/admin"];

export function App() {
  const { path } = place.value;
  const isMember = session.value !== undefined;
  const mustSignIn = !isMember && own.some((each) => path === each || path.startsWith(`${each}/`));
  useEffect(() => {
    if (isMember) void loadCart();
    else forgetCart();
  }, [isMember]);
  useEffect(() => {
    if (mustSignIn) go(signInAddress(place.value), "replace");
  }, [mustSignIn]);
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <Header />
      <main id="main">{mustSignIn ? null : <Page path={path} />}</main>
      <Footer />
      <Notice />
    </>
  );
}

function Page({ path }: { readonly path: string }) {
  const { query } = place.value;
  if (path === "/") {
    const q = query.get("q")?.trim().slice(0, 200) ?? "";
    return q ? <SearchResults q={q} /> : <Catalogue category={query.get("category") ?? ""} />;
  }
  const [, digits] = /^\/shop\/(\d{1,15})$/.exec(path) ?? [];
  if (digits) return <ProductPage id={Number(digits)} />;
  if (path === "/shop/admin" || path.startsWith("/shop/admin/")) return <Admin path={path} />;
  switch (path) {
    case "/shop/cart":
      return <CartPage />;
    case "/shop/checkout":
      return <Checkout />;
    case "/shop/purchases":
      return <Purchases />;
    case "/shop/sign-in":
      return <SignIn />;
    case "/shop/sign-up":
      return <SignUp />;
    default:
      return <NotFound />;
  }
}
