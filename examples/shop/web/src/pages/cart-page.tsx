import { ProductArt } from "../art/product-art.tsx";
import { cart, loadCart, setQuantity } from "../cart.ts";
import { Heading } from "../parts/heading.tsx";
import { Icon } from "../parts/icons.tsx";
import { Missing } from "../parts/missing.tsx";
import { Quantity } from "../parts/quantity.tsx";
import { priceText } from "../words.ts";

export function CartPage() {
  const known = cart.value;
  return (
    <>
      <Heading text="Your cart" />
      {known === "missing" ? (
        <Missing
          text="Your cart cannot be reached just now. Nothing in it is lost."
          again={loadCart}
        />
      ) : null}
      {known === "loading" ? <p class="quiet-text">Looking into your cart</p> : null}
      {typeof known === "object" && known.items.length === 0 ? (
        <>
          <p>There is nothing in it yet.</p>
          <p>
            <a class="button" href="/">
              To the catalogue
            </a>
          </p>
        </>
      ) : null}
      {typeof known === "object" && known.items.length > 0 ? <Full {...known} /> : null}
    </>
  );
}

function Full({ items, total }: Exclude<typeof cart.value, string>) {
  return (
    <div class="with-summary">
      <ul class="lines">
        {items.map(({ product, quantity }) => (
          <li key={product.id}>
            <ProductArt name={product.name} category={product.category} />
            <div class="line-text">
              <a href={`/shop/${product.id}`}>{product.name}</a>
              <p class="quiet-text">{priceText(product.price)} each</p>
              {product.stock < quantity ? (
                <p class="scarce">
                  {product.stock === 0 ? "Sold out" : `Only ${product.stock} left`}
                </p>
              ) : null}
            </div>
            <Quantity
              label={`Pieces of ${product.name}`}
              value={quantity}
              max={product.stock}
              onChange={(wanted) => setQuantity(product.id, wanted)}
            />
            <strong class="line-price">{priceText(product.price * quantity)}</strong>
            <button
              type="button"
              class="icon-button"
              aria-label={`Take ${product.name} out of the cart`}
              onClick={() => setQuantity(product.id, 0)}
            >
              <Icon name="trash" />
            </button>
          </li>
        ))}
      </ul>
      <aside class="panel summary" aria-label="Total">
        <p class="total">
          <span>Total</span> <strong>{priceText(total)}</strong>
        </p>
        <a class="button primary" href="/shop/checkout">
          To the checkout
        </a>
        <p class="quiet-text">Shipping is free: nothing is sent.</p>
      </aside>
    </div>
  );
}
