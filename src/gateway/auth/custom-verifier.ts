import type { Principal, RequestVerifier } from "../../contract/index.ts";
import { asError, DureError, inTime } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { Exchange } from "../exchange.ts";
import type { Authentication } from "./authentication.ts";

/** The longest that the project's own verifier may take, in ms. */
const verifyMsMax = 5_000;

/** Asks the project's own verifier; undefined where it knows nothing of the request. */
export async function verifyByOwnMeans(
  exchange: Exchange,
  verifier: RequestVerifier,
  { node, logger }: { readonly node: MeshNode; readonly logger: Logger },
): Promise<Authentication | undefined> {
  try {
    const found = verifier({
      method: exchange.method,
      path: exchange.target.path,
      remoteAddress: exchange.remoteAddress,
      header: (name) => exchange.header(name.toLowerCase()),
      client: (contract) => node.client(contract),
    });
    const principal =
      found instanceof Promise ? await inTime(found, verifyMsMax, "the verifier") : found;
    if (principal === undefined) return undefined;
    checkPrincipal(principal);
    return { kind: "principal", principal, text: JSON.stringify(principal) };
  } catch (thrown) {
    const { message } = asError(thrown);
    if (thrown instanceof DureError && thrown.code === "UNAUTHENTICATED")
      return { kind: "refused", reason: message };
    logger.error("the project's own verifier failed", {
      reason: message,
      requestId: exchange.requestId,
    });
    return { kind: "unavailable", reason: "who calls cannot be verified now" };
  }
}

function checkPrincipal({ subject, scopes }: Principal): void {
  const isSound =
    typeof subject === "string" &&
    subject !== "" &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === "string");
  if (!isSound)
    throw new Error("it must return { subject, scopes }: a text that is not empty, and texts");
}
