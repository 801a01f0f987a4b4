import type { OperationDescription } from "../../contract/index.ts";
import type { Step } from "../../http/index.ts";
import type { Exchange } from "../exchange.ts";
import type { Authentication } from "./authentication.ts";

/** Longest bearer token, in characters. */
const tokenLengthMax = 8 * 1024;
/** RFC 6750, section 2.1. */
const bearerPattern = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** Whose a bearer token is. */
export type VerifyToken = (token: string) => Promise<Authentication>;

/**
 * Who calls, and whether it may: the principal as text, undefined for nobody where the operation is public. A token that is given
 * counts even there: a bad one is refused.
 */
export async function authenticate(
  exchange: Exchange,
  operation: OperationDescription,
  verify: VerifyToken,
): Promise<Step<string | undefined>> {
  const header = exchange.header("authorization");
  if (header === undefined) {
    if (operation.auth === "public") return { value: undefined };
    return unauthenticated("this operation needs a bearer token", "Bearer");
  }
  const result = await judge(header, verify);
  switch (result.kind) {
    case "refused":
      return unauthenticated(result.reason, 'Bearer error="invalid_token"');
    case "unavailable":
      return {
        refusal: { status: 503, detail: result.reason, headers: [["retry-after", "1"]] },
      };
    case "principal": {
      const missing = operation.scopes.filter((scope) => !result.principal.scopes.includes(scope));
      return missing.length === 0 ? { value: result.text } : forbidden(missing);
    }
  }
}

async function judge(header: string, verify: VerifyToken): Promise<Authentication> {
  const [, token] = bearerPattern.exec(header) ?? [];
  if (!token) return { kind: "refused", reason: "the Authorization header is not a bearer token" };
  if (token.length <= tokenLengthMax) return verify(token);
  const reason = `the token has ${token.length} characters; the limit is ${tokenLengthMax}`;
  return { kind: "refused", reason };
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
