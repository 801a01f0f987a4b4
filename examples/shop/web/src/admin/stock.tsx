import { useState } from "preact/hooks";
import { api, codeOf, dataOf, type Product } from "../api.ts";
import { ProductArt } from "../art/product-art.tsx";
import { tell } from "../notice.ts";
import { Icon } from "../parts/icons.tsx";
import { Missing } from "../parts/missing.tsx";
import { leaveIfSignedOut, useLoaded } from "../use-loaded.ts";
import { capital, priceText, reasonText } from "../words.ts";
import { RemoveDialog } from "./remove-dialog.tsx";

const pageSize = 25;

interface StockPage {
  readonly items: readonly Product[];
  readonly next: string | null;
}

/** The products with their stock, by category or by what a search finds. */
export function Stock() {
  const [q, setQ] = useState("");
  return (
    <>
      <form
        class="filter"
        onSubmit={(event) => {
          event.preventDefault();
          setQ(String(new FormData(event.currentTarget).get("find") ?? "").trim());
        }}
      >
        <label for="find">Find a product</label>
        <input id="find" name="find" type="search" maxLength={200} />
        <button type="submit">Find</button>
      </form>
      <Rows key={q} q={q} />
    </>
  );
}

function Rows({ q }: { readonly q: string }) {
  const [going, setGoing] = useState<Product>();
  const page = (signal?: AbortSignal, cursor?: string): Promise<StockPage> => {
    const call = signal ? { signal } : {};
    if (q)
      return api.search.find({ q, limit: 100 }, call).then(({ items }) => ({ items, next: null }));
    return api.products.list({ limit: pageSize, ...(cursor ? { cursor } : {}) }, call);
  };
  const { loaded, again, set } = useLoaded<StockPage>(`stock ${q}`, (signal) => page(signal));
  if (loaded.state === "loading") return <p class="quiet-text">Looking at the shelves</p>;
  if (loaded.state === "missing")
    return (
      <Missing
        text={
          q
            ? "The search is resting. Without it products can be found page by page."
            : "The products cannot be listed just now."
        }
        again={again}
      />
    );
  const { items, next } = loaded.value;
  const replace = (id: number, product: Product | undefined) =>
    set({
      items: items.flatMap((each) => (each.id === id ? (product ? [product] : []) : [each])),
      next,
    });
  const more = async () => {
    const found = await page(undefined, next ?? undefined).catch((error) => {
      tell(reasonText(error));
    });
    if (found) set({ items: [...items, ...found.items], next: found.next });
  };
  if (items.length === 0) return <p role="status">No product has these words.</p>;
  return (
    <>
      <section class="scroll" aria-label="Products and their stock">
        <table>
          <thead>
            <tr>
              <th scope="col">Product</th>
              <th scope="col">Stock</th>
              <th scope="col">
                <span class="for-ears">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((product) => (
              <Row
                key={product.id}
                product={product}
                onChange={(changed) => replace(product.id, changed)}
                onRemove={() => setGoing(product)}
              />
            ))}
          </tbody>
        </table>
      </section>
      {next === null ? null : (
        <p class="more">
          <button type="button" onClick={more}>
            Show more
          </button>
        </p>
      )}
      {going ? (
        <RemoveDialog
          product={going}
          onClose={(isRemoved) => {
            setGoing(undefined);
            if (isRemoved) replace(going.id, undefined);
          }}
        />
      ) : null}
    </>
  );
}

interface RowProps {
  readonly product: Product;
  onChange(product: Product): void;
  onRemove(): void;
}

function Row({ product, onChange, onRemove }: RowProps) {
  const { id, name, category, price, stock } = product;
  const [entered, setEntered] = useState<string>();
  const text = entered ?? String(stock);
  const save = async (event: Event) => {
    event.preventDefault();
    if (!/^\d{1,7}$/.test(text) || Number(text) > 1_000_000)
      return tell("Stock is a whole number from 0 to 1,000,000.");
    const set = await api.products.setStock({ id, stock: Number(text), was: stock }).result();
    if (set.ok) {
      setEntered(undefined);
      onChange(set.value);
      return tell(`${name}: ${set.value.stock} in stock.`);
    }
    if (leaveIfSignedOut(set.error)) return;
    if (codeOf(set.error) !== "StockChanged") return tell(reasonText(set.error));
    const now = Number(dataOf(set.error).stock);
    onChange({ ...product, stock: now });
    tell(`Somebody bought meanwhile: there are ${now} now. Save again if ${text} is right.`);
  };
  return (
    <tr>
      <th scope="row">
        <span class="product-cell">
          <ProductArt name={name} category={category} />
          <span>
            <a href={`/shop/${id}`}>{name}</a>
            <span class="quiet-text">
              {capital(category)} · {priceText(price)}
            </span>
          </span>
        </span>
      </th>
      <td>
        <form class="stock-form" onSubmit={save}>
          <input
            inputMode="numeric"
            aria-label={`Stock of ${name}`}
            value={text}
            onInput={(event) => setEntered(event.currentTarget.value)}
          />
          <button
            type="submit"
            disabled={text === String(stock)}
            aria-label={`Save the stock of ${name}`}
          >
            Save
          </button>
        </form>
      </td>
      <td>
        <button type="button" class="icon-button" onClick={onRemove} aria-label={`Remove ${name}`}>
          <Icon name="trash" />
        </button>
      </td>
    </tr>
  );
}
