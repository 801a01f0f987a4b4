/** The shop for people: pages rendered here, without scripts. This one works without the search service. */
import {
  escapeHtml,
  htmlResponse,
  layout,
  priceText,
  type ShownProduct,
  stockText,
} from "./layout.ts";

/** Where the page gets its data. */
export interface PageSource {
  list(input: {
    category?: string;
    cursor?: string;
    limit: number;
  }): Promise<{ items: ShownProduct[]; next: string | null }>;
  categories(): Promise<{ items: string[] }>;
  find(input: { q: string; limit: number }): Promise<{ items: ShownProduct[] }>;
}

const pageSize = 24;

/** Answers `GET /?category=&q=&cursor=`. */
export async function shopPage(url: URL, source: PageSource): Promise<Response> {
  const q = url.searchParams.get("q")?.trim().slice(0, 200) ?? "";
  const category = url.searchParams.get("category") ?? "";
  const cursor = /^\d{1,15}$/.test(url.searchParams.get("cursor") ?? "")
    ? (url.searchParams.get("cursor") as string)
    : undefined;
  const { items: categories } = await source.categories();
  let notice = "";
  let next: string | null = null;
  let items: ShownProduct[] = [];
  if (q) {
    const found = await source.find({ q, limit: pageSize }).catch(() => undefined);
    items = found?.items ?? [];
    notice = found
      ? `${items.length === 0 ? "Nothing" : items.length} found for “${q}”`
      : "Search is resting. Browse by category meanwhile.";
  } else {
    ({ items, next } = await source.list({
      limit: pageSize,
      ...(category ? { category } : {}),
      ...(cursor ? { cursor } : {}),
    }));
  }
  return htmlResponse(page({ q, category, categories, notice, items, next }));
}

interface PageParts {
  readonly q: string;
  readonly category: string;
  readonly categories: readonly string[];
  readonly notice: string;
  readonly items: readonly ShownProduct[];
  readonly next: string | null;
}

function page({ q, category, categories, notice, items, next }: PageParts): string {
  const links = ["", ...categories].map((name) => {
    const current = name === category && !q ? ' aria-current="page"' : "";
    return `<a href="/?${new URLSearchParams(name ? { category: name } : {})}"${current}>${escapeHtml(name || "everything")}</a>`;
  });
  const more = next
    ? `<p><a class="more" href="/?${escapeHtml(String(new URLSearchParams({ ...(category ? { category } : {}), cursor: next })))}">more</a></p>`
    : "";
  const list = `<ul>${items.map(card).join("")}</ul>`;
  return layout({
    title: "Dure Shop",
    q,
    body: `<nav aria-label="Categories">${links.join("")}</nav>
<main>${notice ? `<p role="status">${escapeHtml(notice)}</p>` : ""}${list}${more}</main>`,
  });
}

function card({ id, name, category, description, price, stock }: ShownProduct): string {
  return `<li><small>${escapeHtml(category)}</small><h2><a href="/shop/${id}">${escapeHtml(name)}</a></h2><p>${escapeHtml(description)}</p><strong>${priceText(price)}</strong> <span>${stockText(stock)}</span></li>`;
}
