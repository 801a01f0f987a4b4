import type { OperationDescription } from "../contract/index.ts";
import { DureError } from "../kit/index.ts";
import type { Transport, WireFailure } from "../wire/index.ts";
import type { StackRequest } from "./server-stack.ts";
import type { HostedService } from "./service-host.ts";

/** Why whoever calls may not, by the operation's `allow`; undefined where it may. Only proved names count. */
export function refusalOfCaller(
  { allow }: OperationDescription,
  { peer, ref }: StackRequest,
  ownNames: () => readonly string[],
): WireFailure | undefined {
  if (!allow) return undefined;
  const names = peer ? (peer.names ?? []) : ownNames();
  if (names.some((name) => allow.includes(name))) return undefined;
  const who = names.join(", ") || `${peer?.name ?? "a caller"} (without a proved name)`;
  return {
    code: "PERMISSION_DENIED",
    message: `${ref.service}.${ref.operation} may be called by ${allow.join(", ")}, not by ${who}`,
    isStarted: false,
  };
}

/** Throws FAILED_PRECONDITION where an operation says who may call it and nothing proves who does. */
export function requireProvenNames(
  hosted: readonly HostedService[],
  transport: Transport | undefined,
): void {
  if (transport?.isAuthenticating) return;
  const here = new Set(hosted.map(({ name }) => name));
  for (const { operations } of hosted) {
    for (const [name, { service, description }] of operations) {
      // Within a process, as in `dure dev`, names need no proof.
      if (!description.allow || description.allow.every((allowed) => here.has(allowed))) continue;
      throw new DureError(
        "FAILED_PRECONDITION",
        `${service}.${name} may be called by ${description.allow.join(", ")} only, and nothing proves who calls: make certificates with dure certs and set security.certs`,
      );
    }
  }
}
