import type { Product } from "../api.ts";
import { ProductArt } from "../art/product-art.tsx";
import { addToCart } from "../cart.ts";
import { capital, priceText, stockText } from "../words.ts";

/** A product on a shelf; all of the card leads to its page. */
export function ProductCard({ product }: { readonly product: Product }) {
  const { id, name, category, price, stock } = product;
  return (
    <li class="card">
      <ProductArt name={name} category={category} />
      <div class="card-text">
        <p class="kicker">{capital(category)}</p>
        <h3>
          <a href={`/shop/${id}`}>{name}</a>
        </h3>
        <div class="card-foot">
          <p>
            <strong class="price">{priceText(price)}</strong>
            {stock < 10 ? <span class="scarce">{stockText(stock)}</span> : null}
          </p>
          <button
            type="button"
            class="add"
            disabled={stock === 0}
            aria-label={`Add ${name} to the cart`}
            onClick={() => addToCart(product)}
          >
            Add
          </button>
        </div>
      </div>
    </li>
  );
}

/** Where cards will be. */
export function CardGhosts({ count }: { readonly count: number }) {
  return (
    <ul class="shelf" aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (
        <li key={index} class="card ghost">
          <div class="art" />
          <div class="card-text">
            <p />
            <p />
          </div>
        </li>
      ))}
    </ul>
  );
}

export function Shelf({ products }: { readonly products: readonly Product[] }) {
  return (
    <ul class="shelf">
      {products.map((product) => (
        <ProductCard key={product.id} product={product} />
      ))}
    </ul>
  );
}
