import { ProductArt } from "../art/product-art.tsx";
import { type Cart, cart, setQuantity } from "../cart.ts";
import { Heading } from "../parts/heading.tsx";
import { Icon } from "../parts/icons.tsx";
import { KnownCart } from "../parts/known-cart.tsx";
import { Quantity } from "../parts/quantity.tsx";
import { priceText } from "../words.ts";

export function CartPage() {
  return (
    <>
      <Heading text="Your cart" />
      {cart.value === "loading" ? <p class="quiet-text">Looking into your cart</p> : null}
      <KnownCart empty="There is nothing in it yet." full={(known) => <Full {...known} />} />
    </>
  );
}

function Full({ items, total }: Cart) {
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
