import type { Product } from "../api.ts";
import { priceText } from "../words.ts";

interface OrderLinesProps {
  readonly lines: readonly {
    readonly productId: number;
    readonly quantity: number;
    readonly price: number;
  }[];
  /** Those that are known; a product that is no longer sold has its number. */
  readonly products: ReadonlyMap<number, Product>;
}

/** What was bought, at the price of that day. */
export function OrderLines({ lines, products }: OrderLinesProps) {
  return (
    <ul class="bought">
      {lines.map(({ productId, quantity, price }) => {
        const product = products.get(productId);
        return (
          <li key={productId}>
            <span>
              {quantity} ×{" "}
              {product ? <a href={`/shop/${productId}`}>{product.name}</a> : `product ${productId}`}
            </span>
            <span>{priceText(price * quantity)}</span>
          </li>
        );
      })}
    </ul>
  );
}
