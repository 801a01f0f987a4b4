import {
  escapeHtml,
  htmlResponse,
  layout,
  priceText,
  type ShownProduct,
  stockText,
} from "./layout.ts";

/** What a shopper wrote. */
export interface Review {
  readonly stars: number;
  readonly text: string;
  readonly at: string;
}

/** Where the page gets its data; undefined where the service does not answer. */
export interface ProductPageSource {
  get(id: number): Promise<ShownProduct | undefined>;
  reviews(id: number): Promise<readonly Review[] | undefined>;
}

/** Answers `GET /shop/:id`. Works without the reviews service. */
export async function productPage(url: URL, source: ProductPageSource): Promise<Response> {
  const [, digits] = /^\/shop\/(\d{1,15})$/.exec(url.pathname) ?? [];
  const id = Number(digits);
  const reviewing = digits ? source.reviews(id) : undefined;
  const product = digits ? await source.get(id) : undefined;
  if (!product) {
    const body = '<main><p>There is no such product. <a href="/">Back to the shop</a></p></main>';
    return htmlResponse(layout({ title: "Not found", q: "", body }), 404);
  }
  const { name, category, description, price, stock } = product;
  const body = `<main><article><small>${escapeHtml(category)}</small><h2>${escapeHtml(name)}</h2><p>${escapeHtml(description)}</p>
<p><strong>${priceText(price)}</strong> ${stockText(stock)}</p></article>
<section aria-label="Reviews"><h2>Reviews</h2>${reviewList(await reviewing)}</section></main>`;
  return htmlResponse(layout({ title: name, q: "", body }));
}

function reviewList(reviews: readonly Review[] | undefined): string {
  if (!reviews) return '<p role="status">Reviews are resting.</p>';
  if (reviews.length === 0) return "<p>Nobody has written one yet.</p>";
  const items = reviews.map(
    ({ stars, text }) =>
      `<li><span role="img" aria-label="${stars} of 5 stars">${"★".repeat(stars)}${"☆".repeat(5 - stars)}</span><p>${escapeHtml(text)}</p></li>`,
  );
  return `<ul>${items.join("")}</ul>`;
}
