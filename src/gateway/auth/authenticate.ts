import type { OperationDescription } from "../../contract/index.ts";
import type { Step } from "../../http/index.ts";
import { andThen } from "../../kit/index.ts";
import type { Exchange } from "../exchange.ts";
import type { Authentication, ProvenPrincipal } from "./authentication.ts";
import type { Authenticator } from "./authenticator.ts";

type Judged = Step<ProvenPrincipal | undefined>;

/** Who may. */
export type AccessRule = Pick<OperationDescription, "auth" | "scopes">;

/**
 * Who calls, and whether it may; undefined for nobody where the operation is public. Credentials that are given count even there:
 * bad ones are refused.
 */
export function authenticate(
  exchange: Exchange,
  rule: AccessRule,
  authenticator: Authenticator,
): Judged | Promise<Judged> {
  return andThen(authenticator.identify(exchange), (result) => judge(result, rule));
}

function judge(result: Authentication | undefined, { auth, scopes }: AccessRule): Judged {
  switch (result?.kind) {
    case undefined:
      if (auth === "public") return { value: undefined };
      return unauthenticated("this operation needs a bearer token", "Bearer");
    case "refused":
      return unauthenticated(result.reason, 'Bearer error="invalid_token"');
    case "unavailable":
      return {
        refusal: { status: 503, detail: result.reason, headers: [["retry-after", "1"]] },
      };
    case "principal": {
      const missing = scopes.filter((scope) => !result.principal.scopes.includes(scope));
      return missing.length === 0 ? { value: result } : forbidden(missing);
    }
  }
}

function unauthenticated(detail: string, challenge: string): Step<never> {
  return { refusal: { status: 401, detail, headers: [["www-authenticate", challenge]] } };
}

/** RFC 6750, section 3.1. */
function forbidden(missing: readonly string[]): Step<never> {
  const challenge = `Bearer error="insufficient_scope", scope="${missing.join(" ")}"`;
  return {
    refusal: {
      status: 403,
      detail: `this needs the scope ${missing.join(", ")}`,
      headers: [["www-authenticate", challenge]],
    },
  };
}
