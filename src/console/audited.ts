import { describe, type Hook, hook } from "../contract/index.ts";
import { asError, DureError } from "../kit/index.ts";
import type { AuditLog } from "./audit-log.ts";
import { consoleContract, operateScope } from "./console-contract.ts";
import { claimsOf } from "./handlers/access.ts";

/** Operations that change something. */
const operations = new Set(
  Object.entries(describe(consoleContract).operations)
    .filter(([, { scopes }]) => scopes.includes(operateScope))
    .map(([name]) => name),
);

/** Writes down who did what and how it went, of all that changes something. What was sent to `tryCall` is not kept: it may be secret. */
export function audited(audit: AuditLog, isReadOnly: boolean): Hook {
  return hook("audit", async (call, next) => {
    const action = call.operation.name;
    if (!operations.has(action)) return next(call);
    const { remoteAddress, session } = claimsOf(call);
    const who = `${call.principal?.subject ?? ""} (${session.slice(0, 6)})`;
    const entry = { who, remoteAddress, action, target: targetOf(call.input) };
    try {
      if (isReadOnly) {
        const message = "this console only shows; it was started with console.readOnly";
        throw new DureError("PERMISSION_DENIED", message);
      }
      const answer = await next(call);
      audit.add({ ...entry, outcome: outcomeOf(answer) });
      return answer;
    } catch (thrown) {
      const outcome = thrown instanceof DureError ? thrown.code : asError(thrown).name;
      audit.add({ ...entry, outcome });
      throw thrown;
    }
  });
}

/** A call that was tried and failed is an answer here. */
function outcomeOf(answer: unknown): string {
  const { error } = (answer ?? {}) as { error?: { code: string } | null };
  return error ? error.code : "ok";
}

function targetOf(input: unknown): string {
  const { service, operation, id, names, kind, count } = input as Record<string, unknown>;
  if (typeof operation === "string") return `${service}.${operation}`;
  if (Array.isArray(names)) return names.length === 0 ? "all" : names.join(", ");
  if (typeof kind === "string") return `${kind}=${count}`;
  return [service, id].filter((part) => part !== undefined).join(" ");
}
