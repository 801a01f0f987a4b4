import { type AnyContract, contract, raw } from "../contract/index.ts";
import { DureError } from "../kit/index.ts";

/**
 * The contract that routes stand for: each a `raw` operation, named after its method and path (`GET /reviews/:id` is
 * `getReviewsId`). Throws INVALID_ARGUMENT where a route is none, or where a public one is not among them.
 */
export function contractOfUrls(
  name: string,
  urls: readonly string[],
  publicUrls: readonly string[],
): AnyContract {
  const stranger = publicUrls.find((url) => !urls.includes(url));
  if (urls.length === 0 || stranger !== undefined) {
    const why =
      stranger === undefined
        ? `${name} offers nothing; name its routes, such as "GET /${name}"`
        : `"${stranger}" is said to be public and is not among the routes ${urls.join(", ")}`;
    throw new DureError("INVALID_ARGUMENT", why);
  }
  const operations = urls.map((http) => [
    operationName(http),
    raw(publicUrls.includes(http) ? { http, auth: "public" } : { http }),
  ]);
  return contract(name, Object.fromEntries(operations)) as AnyContract;
}

function operationName(http: string): string {
  const words = http
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  return words
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");
}
