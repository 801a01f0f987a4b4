import { useState } from "preact/hooks";
import { api, codeOf, type Product } from "../api.ts";
import { ProductArt } from "../art/product-art.tsx";
import { addToCart } from "../cart.ts";
import { Heading } from "../parts/heading.tsx";
import { Missing } from "../parts/missing.tsx";
import { Quantity } from "../parts/quantity.tsx";
import { address } from "../router.ts";
import { useLoaded } from "../use-loaded.ts";
import { capital, priceText, stockText } from "../words.ts";
import { NotFound } from "./not-found.tsx";
import { Reviews } from "./reviews.tsx";

export function ProductPage({ id }: { readonly id: number }) {
  const { loaded, again } = useLoaded(`product ${id}`, (signal) =>
    api.products.get({ id }, { signal }),
  );
  if (loaded.state === "missing" && codeOf(loaded.error) === "NoSuchProduct") return <NotFound />;
  return (
    <>
      {loaded.state === "ready" ? <Details key={id} product={loaded.value} /> : null}
      {loaded.state === "loading" ? <div class="product ghost" aria-hidden="true" /> : null}
      {loaded.state === "missing" ? (
        <>
          <Heading text="A product" />
          <Missing text="This product cannot be shown just now." again={again} />
        </>
      ) : null}
      <Reviews key={id} productId={id} />
    </>
  );
}

function Details({ product }: { readonly product: Product }) {
  const [quantity, setQuantity] = useState(1);
  const { name, category, description, price, stock } = product;
  return (
    <article class="product">
      <div class="frame">
        <ProductArt name={name} category={category} />
      </div>
      <div class="product-text">
        <p class="kicker">
          <a href={address("/", { category })}>{capital(category)}</a>
        </p>
        <Heading text={name} />
        <p class="price">{priceText(price)}</p>
        <p class="description">{description}</p>
        <p class={stock < 10 ? "stock scarce" : "stock"}>{stockText(stock)}</p>
        <div class="buy">
          <Quantity label="Pieces" value={quantity} max={stock} onChange={setQuantity} />
          <button
            type="button"
            class="primary"
            disabled={stock === 0}
            onClick={() => addToCart(product, quantity)}
          >
            Add to cart
          </button>
        </div>
      </div>
    </article>
  );
}
