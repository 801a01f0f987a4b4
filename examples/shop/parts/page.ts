/** The shop for people: one page, rendered here, without scripts. Works without the search service. */
interface ShownProduct {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly price: number;
  readonly stock: number;
}

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
  const body = page({ q, category, categories, notice, items, next });
  return new Response(body, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
      "x-content-type-options": "nosniff",
    },
  });
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
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Dure Shop</title>
<style>${style}</style></head>
<body><header><h1><a href="/">두레 Shop</a></h1>
<form role="search"><input type="search" name="q" value="${escapeHtml(q)}" aria-label="Search" placeholder="Kettles, kites, cookbooks ..."><button>Search</button></form></header>
<nav aria-label="Categories">${links.join("")}</nav>
<main>${notice ? `<p role="status">${escapeHtml(notice)}</p>` : ""}<ul>${items.map(card).join("")}</ul>${more}</main></body></html>`;
}

function card({ name, category, description, price, stock }: ShownProduct): string {
  const left = stock === 0 ? "sold out" : stock < 10 ? `only ${stock} left` : "in stock";
  return `<li><small>${escapeHtml(category)}</small><h2>${escapeHtml(name)}</h2><p>${escapeHtml(description)}</p><strong>${(price / 100).toFixed(2)}</strong> <span>${left}</span></li>`;
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

const style = `:root{color-scheme:light dark;--line:light-dark(#ddd,#444);--accent:light-dark(#1d4ed8,#93c5fd)}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem}
header{display:flex;gap:1rem;align-items:center;flex-wrap:wrap;justify-content:space-between}h1{margin:0;font-size:1.4rem}h1 a{color:inherit;text-decoration:none}
input,button{font:inherit;padding:.4rem .7rem;border:1px solid var(--line);border-radius:.5rem}
nav{display:flex;gap:.4rem 1rem;flex-wrap:wrap;padding:.8rem 0}nav a{color:var(--accent)}nav a[aria-current]{font-weight:700;text-decoration:none}
ul{list-style:none;margin:0;padding:0;display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr))}
li{border:1px solid var(--line);border-radius:.8rem;padding:1rem}h2{font-size:1.05rem;margin:.2rem 0}li p{margin:.2rem 0 .6rem;opacity:.8}li span,small{opacity:.7}.more{color:var(--accent)}`;
