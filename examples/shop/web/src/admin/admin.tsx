import { Heading } from "../parts/heading.tsx";
import { address } from "../router.ts";
import { isAdmin } from "../session.ts";
import { AddProduct } from "./add-product.tsx";
import { Orders } from "./orders.tsx";
import { Stock } from "./stock.tsx";

const pages = [
  { path: "/shop/admin", title: "Products" },
  { path: "/shop/admin/add", title: "Add a product" },
  { path: "/shop/admin/orders", title: "Orders" },
] as const;

/** Whoever keeps the shop. Hidden from others for clarity's sake alone: the gateway checks the token's scopes. */
export function Admin({ path }: { readonly path: string }) {
  if (!isAdmin.value)
    return (
      <div class="narrow">
        <Heading text="Only for shopkeepers" />
        <p>
          This account may not look after the shop.{" "}
          <a href={address("/shop/sign-in", { to: path })}>Sign in with another one</a>
        </p>
      </div>
    );
  const page = pages.find((each) => each.path === path) ?? pages[0];
  return (
    <>
      <Heading text={page.title} />
      <nav class="categories" aria-label="Admin">
        <ul>
          {pages.map(({ path: to, title }) => (
            <li key={to}>
              <a href={to} aria-current={to === page.path ? "page" : undefined}>
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {page.title === "Products" ? <Stock /> : null}
      {page.title === "Add a product" ? <AddProduct /> : null}
      {page.title === "Orders" ? <Orders /> : null}
    </>
  );
}
