import type { Step } from "./refusal.ts";
import type { Route, RouteTable } from "./route-table.ts";
import type { Target } from "./target.ts";

/** The route of a request, with what its path says. */
export interface FoundRoute {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Finds the route; 404 where nothing is offered, 405 where another method is, 400 for an encoded slash that the route does not take.
 */
export function findRoute(table: RouteTable, method: string, target: Target): Step<FoundRoute> {
  const match = table.find(method, target.segments);
  const takesSlashes = match.kind === "route" && match.route.operation.http?.hasEncodedSlashes;
  if (target.hasEncodedSlash && !takesSlashes)
    return { refusal: { status: 400, detail: "the path holds an encoded slash or backslash" } };
  if (match.kind === "none")
    return { refusal: { status: 404, detail: `nothing is offered at ${target.path}` } };
  if (match.kind === "route") return { value: match };
  const allow = match.allow.join(", ");
  const detail = `${target.path} takes ${allow}`;
  return { refusal: { status: 405, detail, headers: [["allow", allow]] } };
}
