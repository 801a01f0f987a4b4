/** The console's server, typed by its contract. */
import { httpClient } from "dure/http";
import { z } from "zod";
import { consoleContract } from "../../../src/console/console-contract.ts";

// The page's policy forbids code made from text, which zod would try.
z.config({ jitless: true });

const bearerKey = "dure-console-bearer";

/** The session's bearer. It outlives a reload of the page and dies with its tab. */
export const bearer = {
  get: () => sessionStorage.getItem(bearerKey) ?? undefined,
  set: (value: string) => sessionStorage.setItem(bearerKey, value),
  drop: () => sessionStorage.removeItem(bearerKey),
};

export const client = httpClient(consoleContract, {
  baseUrl: new URL(".", location.href).href,
  token: bearer.get,
});
