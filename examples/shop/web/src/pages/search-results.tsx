import { api } from "../api.ts";
import { Categories } from "../parts/categories.tsx";
import { Heading } from "../parts/heading.tsx";
import { Missing } from "../parts/missing.tsx";
import { CardGhosts, Shelf } from "../parts/product-card.tsx";
import { useLoaded } from "../use-loaded.ts";
import { countText } from "../words.ts";
import { Shelves } from "./catalogue.tsx";

const foundMax = 60;
const searchMs = 4_000;

/** What a search finds; while the search rests, the shelves. */
export function SearchResults({ q }: { readonly q: string }) {
  const { loaded, again } = useLoaded(`search ${q}`, (signal) =>
    api.search.find({ q, limit: foundMax }, { signal, deadlineMs: searchMs }),
  );
  return (
    <>
      <Heading text={`Search: ${q}`} />
      <Categories current={undefined} />
      {loaded.state === "loading" ? <CardGhosts count={8} /> : null}
      {loaded.state === "missing" ? (
        <>
          <Missing text="The search is resting. The shelves are open meanwhile." again={again} />
          <Shelves category="" />
        </>
      ) : null}
      {loaded.state === "ready" ? (
        <>
          <p role="status">
            {loaded.value.items.length === 0
              ? "Nothing has all of these words. Try fewer, or look around by category."
              : `${countText(loaded.value.items.length, "product")}${loaded.value.items.length === foundMax ? ", the first ones" : ""}`}
          </p>
          <Shelf products={loaded.value.items} />
        </>
      ) : null}
    </>
  );
}
