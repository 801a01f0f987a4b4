import type { OperationDescription } from "../contract/index.ts";
import type { Step } from "../http/index.ts";
import type { Exchange } from "./exchange.ts";
import type { JwtVerifier } from "./jwt.ts";

/**
 * Who calls, and whether it may: the principal as text, undefined for nobody where the operation is public. A token that is given
 * counts even there: a bad one is refused.
 */
export async function authenticate(
  exchange: Exchange,
  operation: Pick<OperationDescription, "auth" | "scopes">,
  jwt: JwtVerifier,
): Promise<Step<string | undefined>> {
  const result = await jwt.authenticate(exchange.header("authorization"));
  switch (result.kind) {
    case "none":
      if (operation.auth === "public") return { value: undefined };
      return unauthenticated("this operation needs a bearer token", "Bearer");
    case "refused":
      return unauthenticated(result.reason, 'Bearer error="invalid_token"');
    case "unavailable":
      return {
        refusal: { status: 503, detail: result.reason, headers: [["retry-after", "1"]] },
      };
    case "principal": {
      const missing = operation.scopes.filter((scope) => !result.principal.scopes.includes(scope));
      if (missing.length === 0) return { value: result.text };
      return { refusal: { status: 403, detail: `this needs the scope ${missing.join(", ")}` } };
    }
  }
}

function unauthenticated(detail: string, challenge: string): Step<never> {
  return { refusal: { status: 401, detail, headers: [["www-authenticate", challenge]] } };
}
