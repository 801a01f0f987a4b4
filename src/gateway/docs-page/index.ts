/** The reference page at `/docs`: what is offered now, with a form to call it. */
import { readFileSync } from "node:fs";
import type { Exchange } from "../exchange.ts";

const types = { html: "text/html", css: "text/css", js: "text/javascript" } as const;

/** Only what comes from this gateway, and nothing inline: no text of a contract can become a script (W3C Content Security Policy 3). */
const securityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const files = new Map(
  [
    { path: "docs", name: "page.html" },
    { path: "docs/page.css", name: "page.css" },
    { path: "docs/page.js", name: "page.js" },
  ].map(({ path, name }) => {
    const type = types[name.slice(5) as keyof typeof types];
    return [path, { type, text: readFileSync(new URL(name, import.meta.url), "utf8") }];
  }),
);

/** Answers the page and its parts. False for everything else. */
export function answerDocsPage(exchange: Exchange): boolean {
  const { target, method } = exchange;
  const file = files.get(target.segments.join("/"));
  if (!file || (method !== "GET" && method !== "HEAD")) return false;
  exchange.answer(
    200,
    [
      ["content-type", `${file.type}; charset=utf-8`],
      ["cache-control", "no-cache"],
      ["content-security-policy", securityPolicy],
      ["x-content-type-options", "nosniff"],
      ["referrer-policy", "no-referrer"],
    ],
    file.text,
  );
  return true;
}
