import { api } from "../api.ts";
import { tell } from "../notice.ts";
import { Missing } from "../parts/missing.tsx";
import { OrderLines } from "../parts/order-lines.tsx";
import { useLoaded } from "../use-loaded.ts";
import { useProducts } from "../use-products.ts";
import { countText, momentText, priceText, reasonText } from "../words.ts";

const pageSize = 25;
const ordersMs = 5_000;

type OrderPage = Awaited<ReturnType<typeof api.purchases.orders>>;

/** Everybody's purchases, latest first. */
export function Orders() {
  const { loaded, again, set } = useLoaded<OrderPage>("orders", (signal) =>
    api.purchases.orders({ limit: pageSize }, { signal, deadlineMs: ordersMs }),
  );
  const orders = loaded.state === "ready" ? loaded.value.items : [];
  const products = useProducts(orders.flatMap(({ items }) => items.map((line) => line.productId)));
  if (loaded.state === "loading") return <p class="quiet-text">Looking for orders</p>;
  if (loaded.state === "missing")
    return (
      <Missing
        text="Orders cannot be listed just now. None is lost, and the shop goes on."
        again={again}
      />
    );
  const { items, next } = loaded.value;
  const more = async () => {
    const found = await api.purchases
      .orders({ limit: pageSize, ...(next === null ? {} : { cursor: next }) })
      .result();
    if (!found.ok) return tell(reasonText(found.error));
    set({ items: [...items, ...found.value.items], next: found.value.next });
  };
  if (items.length === 0) return <p role="status">Nobody has bought anything yet.</p>;
  return (
    <>
      <ul class="orders">
        {items.map(({ purchaseId, memberId, at, total, items: lines }) => (
          <li key={purchaseId} class="panel">
            <div class="order-head">
              <h2>{momentText(at)}</h2>
              <strong>{priceText(total)}</strong>
            </div>
            <p class="quiet-text">
              Member {memberId} · {countText(lines.length, "product")} · {purchaseId.slice(0, 8)}
            </p>
            <OrderLines lines={lines} products={products} />
          </li>
        ))}
      </ul>
      {next === null ? null : (
        <p class="more">
          <button type="button" onClick={more}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}
