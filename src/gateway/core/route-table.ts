/**
 * Which operation answers a method and path. Built anew from the contracts in the view at every change and swapped whole, so a
 * request sees one table or the next, never a mixture.
 *
 * A tree by segment: a literal beats a parameter, a parameter beats the rest (`*`).
 */
import type { ContractDescription, OperationDescription } from "../../contract/index.ts";
import type { OperationRef } from "../../wire/index.ts";

/** An operation that HTTP can reach. */
export interface Route {
  readonly ref: OperationRef;
  readonly method: string;
  readonly path: string;
  readonly operation: OperationDescription;
}

/** What a lookup found. */
export type Match =
  | {
      readonly kind: "route";
      readonly route: Route;
      readonly parameters: Readonly<Record<string, string>>;
    }
  /** The path exists, not with this method. */
  | { readonly kind: "method"; readonly allow: readonly string[] }
  | { readonly kind: "none" };

/** Two contracts claim one method and path; the first keeps it. */
export interface Conflict {
  readonly method: string;
  readonly path: string;
  readonly keptBy: string;
  readonly quarantined: string;
}

interface Branch {
  readonly literals: Map<string, Branch>;
  parameter: { readonly name: string; readonly branch: Branch } | undefined;
  readonly routes: Map<string, { readonly route: Route; readonly names: readonly string[] }>;
  readonly rest: Map<string, { readonly route: Route; readonly names: readonly string[] }>;
}

export class RouteTable {
  readonly #root: Branch = newBranch();
  readonly #routes: Route[] = [];
  readonly conflicts: Conflict[] = [];

  /** @param contracts oldest claim first; of several versions of a contract the newest first. */
  constructor(
    contracts: readonly { readonly description: ContractDescription; readonly hash: string }[],
  ) {
    const claims = new Map<string, string>();
    for (const { description, hash } of contracts) {
      for (const [name, operation] of Object.entries(description.operations)) {
        if (operation.http)
          this.#claim(claims, {
            ref: { service: description.name, operation: name, contractHash: hash },
            method: operation.http.method,
            path: operation.http.path,
            operation,
          });
      }
    }
  }

  get routes(): readonly Route[] {
    return this.#routes;
  }

  find(method: string, segments: readonly string[]): Match {
    const allow = new Set<string>();
    const found = search(this.#root, segments, { index: 0, values: [], method, allow });
    if (found) return found;
    return allow.size > 0 ? { kind: "method", allow: [...allow].sort() } : { kind: "none" };
  }

  #claim(claims: Map<string, string>, route: Route): void {
    const { method, path, ref } = route;
    const shape = `${method} ${path.replace(/:[^/]+/g, ":")}`;
    const own = `${ref.service}.${ref.operation}`;
    const keptBy = claims.get(shape);
    if (keptBy !== undefined) {
      if (keptBy !== own) this.conflicts.push({ method, path, keptBy, quarantined: own });
      return;
    }
    claims.set(shape, own);
    this.#routes.push(route);
    this.#insert(route);
  }

  #insert(route: Route): void {
    let branch = this.#root;
    const names: string[] = [];
    for (const segment of route.path.split("/").filter(Boolean)) {
      if (segment === "*") {
        branch.rest.set(route.method, { route, names });
        return;
      }
      if (segment.startsWith(":")) {
        names.push(segment.slice(1));
        branch.parameter ??= { name: segment, branch: newBranch() };
        branch = branch.parameter.branch;
      } else {
        let next = branch.literals.get(segment);
        if (!next) {
          next = newBranch();
          branch.literals.set(segment, next);
        }
        branch = next;
      }
    }
    branch.routes.set(route.method, { route, names });
  }
}

interface Search {
  readonly index: number;
  readonly values: readonly string[];
  readonly method: string;
  readonly allow: Set<string>;
}

function search(branch: Branch, segments: readonly string[], state: Search): Match | undefined {
  const { index, values, method, allow } = state;
  const segment = segments[index];
  if (segment === undefined) {
    const found =
      branch.routes.get(method) ?? (method === "HEAD" ? branch.routes.get("GET") : undefined);
    if (found) return matched(found, values);
    for (const offered of branch.routes.keys()) allow.add(offered);
  } else {
    const literal = branch.literals.get(segment);
    const next = { ...state, index: index + 1 };
    const byLiteral = literal && search(literal, segments, next);
    if (byLiteral) return byLiteral;
    const byParameter =
      branch.parameter &&
      search(branch.parameter.branch, segments, { ...next, values: [...values, segment] });
    if (byParameter) return byParameter;
  }
  const rest = branch.rest.get(method) ?? (method === "HEAD" ? branch.rest.get("GET") : undefined);
  if (rest) return matched(rest, values);
  for (const offered of branch.rest.keys()) allow.add(offered);
  return undefined;
}

function matched(
  { route, names }: { route: Route; names: readonly string[] },
  values: readonly string[],
): Match {
  const parameters: Record<string, string> = {};
  names.forEach((name, index) => {
    parameters[name] = values[index] ?? "";
  });
  return { kind: "route", route, parameters };
}

function newBranch(): Branch {
  return { literals: new Map(), parameter: undefined, routes: new Map(), rest: new Map() };
}
