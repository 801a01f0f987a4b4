import type { CallContext, HandlersOf } from "../../contract/index.ts";
import { type consoleContract, operateScope } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";
import type { SessionClaims } from "../gatekeeper.ts";
import { refusedPage } from "../refused-page.ts";

type Handlers = HandlersOf<typeof consoleContract>;

/** Pages, sign-in and what was done. */
export function accessHandlers(
  parts: ConsoleParts,
): Pick<Handlers, "page" | "asset" | "signIn" | "session" | "audit"> {
  const { pages, gatekeeper, audit, options } = parts;
  return {
    page(request) {
      const token = new URL(request.url).searchParams.get("token");
      if (token === null) return pages.page(request);
      // The page uses the token up; whoever has a bad one is told without it.
      const found = gatekeeper.look(token, request.headers.get("x-forwarded-for") ?? "");
      return "reason" in found ? refusedPage(found) : pages.page(request);
    },
    asset: (request) => pages.asset(request),
    signIn({ token }, ctx) {
      const { remoteAddress } = claimsOf(ctx);
      const outcome = gatekeeper.signIn(token, remoteAddress);
      if ("reason" in outcome) {
        const { reason, waitS } = outcome;
        if (waitS > 0) return ctx.fail("WaitAWhile", { seconds: waitS });
        audit.add({ who: "nobody", remoteAddress, action: "signIn", target: "", outcome: reason });
        return ctx.fail("WrongToken", { reason });
      }
      const { bearer, token: signed } = outcome;
      audit.add({ who: signed.who, remoteAddress, action: "signIn", target: "", outcome: "ok" });
      return { bearer, expiresAt: signed.expiresAt };
    },
    session(_, ctx) {
      const { node, fleet, collector, readOnly = false, version = "" } = options;
      const { subject: who = "", scopes = [] } = ctx.principal ?? {};
      return {
        who,
        canOperate: scopes.includes(operateScope) && !readOnly,
        expiresAt: claimsOf(ctx).expiresAt,
        mesh: node.registry.self.mesh,
        version,
        has: {
          supervisor: fleet !== undefined,
          eventLog: node.registry.services().includes("eventlog"),
          telemetry: collector !== undefined,
        },
      };
    },
    audit: ({ before, limit }) => ({ items: audit.list(limit, before) }),
  };
}

/** The gatekeeper puts them there. */
export function claimsOf({ principal }: Pick<CallContext, "principal">): SessionClaims {
  return principal?.claims as unknown as SessionClaims;
}
