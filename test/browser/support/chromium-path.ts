import { existsSync } from "node:fs";

/** Debian's Chromium, or the one that `DURE_TEST_CHROMIUM` names. */
export const chromiumPath =
  process.env.DURE_TEST_CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path)) ??
  "chromium";
