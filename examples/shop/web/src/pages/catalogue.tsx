import { useState } from "preact/hooks";
import { api, type Product, sideMs } from "../api.ts";
import { ProductArt } from "../art/product-art.tsx";
import { tell } from "../notice.ts";
import { Categories } from "../parts/categories.tsx";
import { Heading } from "../parts/heading.tsx";
import { Missing } from "../parts/missing.tsx";
import { CardGhosts, Shelf } from "../parts/product-card.tsx";
import { useLoaded } from "../use-loaded.ts";
import { capital, countText, priceText, reasonText } from "../words.ts";

const pageSize = 24;
const bestsellersMax = 4;

/** The shelves: everything, or one category. */
export function Catalogue({ category }: { readonly category: string }) {
  return (
    <>
      {category === "" ? <Welcome /> : <Heading text={capital(category)} isHidden />}
      <Categories current={category} />
      {category === "" ? <Bestsellers /> : null}
      <section aria-labelledby="shelves">
        <h2 id="shelves">{category === "" ? "All shelves" : capital(category)}</h2>
        <Shelves key={category} category={category} />
      </section>
    </>
  );
}

function Welcome() {
  return (
    <div class="welcome">
      <div>
        <Heading text="Dure Shop" isHidden />
        <p class="welcome-title">Good things, made to be repaired.</p>
        <p>
          Kettles, kites and cookbooks from neighbours who share the work: that is what{" "}
          <em lang="ko-Latn">dure</em> means.
        </p>
      </div>
      <div class="welcome-art" aria-hidden="true">
        <ProductArt name="welcome" category="garden" />
        <ProductArt name="of pots" category="kitchen" />
        <ProductArt name="of neighbours" category="outdoor" />
      </div>
    </div>
  );
}

/** From the search service, which counts what is bought; the shop goes on without it. */
function Bestsellers() {
  const { loaded, again } = useLoaded("bestsellers", (signal) =>
    api.search.bestsellers({ limit: bestsellersMax }, { signal, deadlineMs: sideMs }),
  );
  if (loaded.state === "missing")
    return (
      <Missing text="What others like is not known just now. All shelves are open." again={again} />
    );
  if (loaded.state === "loading" || loaded.value.items.length === 0) return null;
  return (
    <section aria-labelledby="liked" class="liked">
      <h2 id="liked">What others like</h2>
      <ul>
        {loaded.value.items.map(({ product, sold }) => (
          <li key={product.id}>
            <ProductArt name={product.name} category={product.category} />
            <div>
              <a href={`/shop/${product.id}`}>{product.name}</a>
              <p>
                {priceText(product.price)} · {countText(sold, "piece")} sold
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ShelfPage {
  readonly items: readonly Product[];
  readonly next: string | null;
}

/** Products, a page more each time somebody asks for it. */
export function Shelves({ category }: { readonly category: string }) {
  const [isBusy, setIsBusy] = useState(false);
  const ask = (cursor?: string) => ({
    limit: pageSize,
    ...(category ? { category } : {}),
    ...(cursor ? { cursor } : {}),
  });
  const { loaded, again, set } = useLoaded<ShelfPage>(`shelves ${category}`, (signal) =>
    api.products.list(ask(), { signal }),
  );
  if (loaded.state === "loading") return <CardGhosts count={8} />;
  if (loaded.state === "missing")
    return <Missing text="The shelves cannot be reached just now." again={again} />;
  const { items, next } = loaded.value;
  const more = async () => {
    if (next === null || isBusy) return;
    setIsBusy(true);
    const found = await api.products.list(ask(next)).result();
    setIsBusy(false);
    if (!found.ok) return tell(reasonText(found.error));
    set({ items: [...items, ...found.value.items], next: found.value.next });
  };
  if (items.length === 0) return <p>There is nothing on this shelf.</p>;
  return (
    <>
      <Shelf products={items} />
      {next === null ? null : (
        <p class="more">
          <button type="button" onClick={more} aria-busy={isBusy}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}
