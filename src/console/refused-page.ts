import type { RefusedToken } from "./gatekeeper.ts";
import { pageHeaders } from "./pages.ts";

const explanations = {
  wrong:
    "This URL is not one of this console's: it was made for another one, or a part of it is missing.",
  used: "This URL was opened before. Each lets one browser in, once.",
  expired: "This URL is too old: it was good for half a day.",
};

/** What somebody sees whose URL lets nobody in, and what to do about it. Plain HTML: it must work without the pages. */
export function refusedPage({ reason, waitS }: RefusedToken): Response {
  const wait = waitS > 0 ? `<p>Too many wrong ones came from here. Wait ${waitS} s.</p>` : "";
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in - Dure console</title>
<h1>You are not signed in</h1>
<p>${explanations[reason]}</p>
<p>Make a new one on the machine where the console runs, in the project's folder:</p>
<pre>dure console</pre>
<p>If this browser's tab is signed in already, go on <a href="/">here</a>.</p>
${wait}
</html>
`;
  return new Response(html, {
    status: waitS > 0 ? 429 : 401,
    headers: {
      ...pageHeaders,
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      ...(waitS > 0 ? { "retry-after": String(waitS) } : { "www-authenticate": "Bearer" }),
    },
  });
}
