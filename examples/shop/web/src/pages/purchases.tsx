import { api, sideMs } from "../api.ts";
import { Heading } from "../parts/heading.tsx";
import { Icon } from "../parts/icons.tsx";
import { Missing } from "../parts/missing.tsx";
import { OrderLines } from "../parts/order-lines.tsx";
import { place } from "../router.ts";
import { useLoaded } from "../use-loaded.ts";
import { useProducts } from "../use-products.ts";
import { momentText, priceText } from "../words.ts";

const shownMax = 50;

export function Purchases() {
  const thanks = place.value.query.get("thanks");
  const { loaded, again } = useLoaded(`purchases ${thanks}`, (signal) =>
    api.purchases.list({ limit: shownMax }, { signal, deadlineMs: sideMs * 2 }),
  );
  const items = loaded.state === "ready" ? loaded.value.items : [];
  const products = useProducts(items.flatMap((each) => each.items.map((line) => line.productId)));
  return (
    <>
      <Heading text="Your purchases" />
      {thanks ? (
        <p class="done" role="status">
          <Icon name="check" /> Thank you. Your purchase is complete.
        </p>
      ) : null}
      {loaded.state === "missing" ? (
        <Missing
          text="Your purchases cannot be listed just now. They are safe, and you can go on shopping."
          again={again}
        />
      ) : null}
      {loaded.state === "loading" ? <p class="quiet-text">Looking for your purchases</p> : null}
      {loaded.state === "ready" && items.length === 0 ? (
        <p>
          You have not bought anything yet. <a href="/">To the catalogue</a>
        </p>
      ) : null}
      <ul class="orders">
        {items.map(({ purchaseId, at, total, items: lines }) => (
          <li key={purchaseId} class={purchaseId === thanks ? "panel fresh" : "panel"}>
            <div class="order-head">
              <h2>{momentText(at)}</h2>
              <strong>{priceText(total)}</strong>
            </div>
            <OrderLines lines={lines} products={products} />
          </li>
        ))}
      </ul>
    </>
  );
}
