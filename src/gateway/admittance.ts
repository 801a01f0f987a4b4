/** Who calls, if it may, and not too often: rates by address and route -> authentication and scopes -> rates by caller. */
import type { Step } from "../http/index.ts";
import { andThen } from "../kit/index.ts";
import {
  type AccessRule,
  type Authenticator,
  authenticate,
  type ProvenPrincipal,
} from "./auth/index.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import type { Admission, RateLimits } from "./rate-limits/index.ts";

/** Who calls; undefined for nobody. */
export type Admitted = Step<ProvenPrincipal | undefined>;

/** Whether anybody is let in by the same request at any time: nobody was known by credentials, nobody was counted. */
export function isForAnyone(admitted: Admitted | Promise<Admitted>): boolean {
  return !(admitted instanceof Promise) && !admitted.refusal && admitted.value === undefined;
}

/** See above. What can be decided at once is: most requests wait for nobody here. */
export class Admittance {
  readonly #rateLimits: RateLimits;
  readonly #authenticator: Authenticator;

  constructor(rateLimits: RateLimits, authenticator: Authenticator) {
    this.#rateLimits = rateLimits;
    this.#authenticator = authenticator;
  }

  /** @param operation what is limited. Without a rule nobody is asked who it is. */
  admit(
    exchange: HeadedExchange,
    operation: string,
    rule: AccessRule | undefined,
  ): Admitted | Promise<Admitted> {
    const limited = { remoteAddress: exchange.remoteAddress, operation };
    const arrival = this.#rateLimits.onArrival(limited);
    return andThen<Admission, Admitted>(arrival, ({ headers, refusal }) => {
      exchange.add(headers);
      if (refusal) return { refusal };
      if (!rule) return { value: undefined };
      const known = authenticate(exchange, rule, this.#authenticator);
      return andThen<Admitted, Admitted>(known, (caller) =>
        caller.refusal ? caller : this.#admitCaller(exchange, limited, caller.value),
      );
    });
  }

  #admitCaller(
    exchange: HeadedExchange,
    limited: { readonly remoteAddress: string; readonly operation: string },
    caller: ProvenPrincipal | undefined,
  ): Admitted | Promise<Admitted> {
    const admission = this.#rateLimits.onCaller(limited, caller);
    return andThen<Admission, Admitted>(admission, ({ headers, refusal }) => {
      exchange.add(headers);
      return refusal ? { refusal } : { value: caller };
    });
  }
}
