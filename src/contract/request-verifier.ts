import type { ClientOf } from "./client.ts";
import type { Principal } from "./context.ts";
import type { AnyContract } from "./contract.ts";

/** What a {@link RequestVerifier} sees of a request. */
export interface UnverifiedRequest {
  readonly method: string;
  /** The path, decoded and without the query. */
  readonly path: string;
  /** The client's address. */
  readonly remoteAddress: string;
  /** The value of a header, by its name in any case; repeated ones are joined by commas. */
  header(name: string): string | undefined;
  /** Calls a service of the mesh, as the one that keeps sessions. */
  client<C extends AnyContract>(contract: C): ClientOf<C>;
}

/**
 * Says whose request it is by other means than the gateway's own: a session's cookie, a signed webhook, another system's tokens.
 * Undefined: by nothing that it knows, and the gateway looks further. A thrown `DureError` with the code UNAUTHENTICATED refuses
 * the request; anything else that is thrown is 503.
 */
export type RequestVerifier = (
  request: UnverifiedRequest,
) => Promise<Principal | undefined> | Principal | undefined;
