import type { Principal } from "../../contract/index.ts";

/** Credentials that are somebody's. */
export interface ProvenPrincipal {
  readonly kind: "principal";
  readonly principal: Principal;
  /** The same as JSON, as it travels. */
  readonly text: string;
  /** The public part of the API key, where they are one. */
  readonly apiKey?: string;
}

/** Credentials that are nobody's, as far as is known. */
export type NotProven =
  | { readonly kind: "refused"; readonly reason: string }
  /** They cannot be judged now. */
  | { readonly kind: "unavailable"; readonly reason: string };

/** What a request's credentials came to. */
export type Authentication = ProvenPrincipal | NotProven;

/** What tells callers apart: two issuers may know different people by one name. */
export function callerName({ principal }: ProvenPrincipal): string {
  return `${principal.claims?.iss ?? ""} ${principal.subject}`;
}
