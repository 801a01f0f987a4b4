/** What the shop's pages have in common. */
export interface ShownProduct {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly price: number;
  readonly stock: number;
}

/** A whole page. `body` is HTML, the rest is text. */
export function layout({ title, q, body }: { title: string; q: string; body: string }): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title>
<style>${style}</style></head>
<body><header><h1><a href="/">두레 Shop</a></h1>
<form role="search" action="/"><input type="search" name="q" value="${escapeHtml(q)}" aria-label="Search" placeholder="Kettles, kites, cookbooks ..."><button>Search</button></form></header>
${body}</body></html>`;
}

/** A page that may load nothing and run nothing. */
export function htmlResponse(page: string, status = 200): Response {
  return new Response(page, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
      "x-content-type-options": "nosniff",
    },
  });
}

/** Cents as people read them. */
export function priceText(price: number): string {
  return (price / 100).toFixed(2);
}

export function stockText(stock: number): string {
  return stock === 0 ? "sold out" : stock < 10 ? `only ${stock} left` : "in stock";
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

const style = `:root{color-scheme:light dark;--line:light-dark(#ddd,#444);--accent:light-dark(#1d4ed8,#93c5fd)}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem}
header{display:flex;gap:1rem;align-items:center;flex-wrap:wrap;justify-content:space-between}h1{margin:0;font-size:1.4rem}h1 a{color:inherit;text-decoration:none}
input,button{font:inherit;padding:.4rem .7rem;border:1px solid var(--line);border-radius:.5rem}
nav{display:flex;gap:.4rem 1rem;flex-wrap:wrap;padding:.8rem 0}nav a{color:var(--accent)}nav a[aria-current]{font-weight:700;text-decoration:none}
ul{list-style:none;margin:0;padding:0;display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr))}
li{border:1px solid var(--line);border-radius:.8rem;padding:1rem}h2{font-size:1.05rem;margin:.2rem 0}li p{margin:.2rem 0 .6rem;opacity:.8}li span,small{opacity:.7}.more,h2 a{color:var(--accent)}h2 a{text-decoration:none}`;
