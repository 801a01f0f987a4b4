import { useEffect, useState } from "preact/hooks";
import { api, type Product } from "./api.ts";

/** The products of a list of numbers, as far as they are still sold and the catalogue answers. */
export function useProducts(ids: readonly number[]): ReadonlyMap<number, Product> {
  const [found, setFound] = useState<ReadonlyMap<number, Product>>(new Map());
  const missing = [...new Set(ids)].filter((id) => !found.has(id)).slice(0, idsMax);
  const key = missing.join(" ");
  useEffect(() => {
    if (key === "") return;
    api.products
      .pick({ ids: key.split(" ").map(Number) })
      .then(({ items }) => {
        if (items.length > 0)
          setFound(
            (known) => new Map([...known, ...items.map((each) => [each.id, each] as const)]),
          );
      })
      // Numbers are shown in place of names.
      .catch(() => {});
  }, [key]);
  return found;
}

/** As many as one call takes. */
const idsMax = 1_000;
