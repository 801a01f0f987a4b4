import { api } from "../api.ts";
import { address } from "../router.ts";
import { useLoaded } from "../use-loaded.ts";
import { capital } from "../words.ts";

/** What the catalogue is sorted by. Without an answer the shelves are shown unsorted. */
export function Categories({ current }: { readonly current: string | undefined }) {
  const { loaded } = useLoaded("categories", (signal) =>
    api.products.categories(undefined, { signal }),
  );
  const names = loaded.state === "ready" ? loaded.value.items : [];
  return (
    <nav class="categories" aria-label="Categories">
      <ul>
        {["", ...names].map((name) => (
          <li key={name}>
            <a
              href={address("/", { category: name })}
              aria-current={name === current ? "page" : undefined}
            >
              {name === "" ? "Everything" : capital(name)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
