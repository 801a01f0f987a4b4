/**
 * Which operation answers a method and path. Built anew from the contracts in the view at every change and swapped whole, so a
 * request sees one table or the next, never a mixture.
 *
 * A tree by segment: a literal beats a parameter, a parameter beats the rest (`*`).
 */
import type { ContractDescription, OperationDescription } from "../contract/index.ts";
import type { OperationRef } from "../wire/index.ts";

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

/** A contract and its hash. */
export interface KnownContract {
  readonly description: ContractDescription;
  readonly hash: string;
}

/** What a table is built with beside contracts. */
export interface RouteTableOptions {
  /** Paths that the gateway answers itself, as `GET /healthz`; no contract gets them. */
  readonly reserved?: readonly string[] | undefined;
  /** The table before this one. Its references live on: links number operations by their identity, and numbers are limited. */
  readonly former?: RouteTable | undefined;
}

interface Leaf {
  readonly route: Route;
  readonly names: readonly string[];
}

interface Branch {
  readonly literals: Map<string, Branch>;
  parameter: Branch | undefined;
  /** By method. */
  readonly routes: Map<string, Leaf>;
  /** By method; the path goes on with anything. */
  readonly rest: Map<string, Leaf>;
}

const none: Match = { kind: "none" };
const noParameters: Readonly<Record<string, string>> = Object.freeze({});

export class RouteTable {
  readonly #root: Branch = newBranch();
  readonly #routes: Route[] = [];
  readonly conflicts: Conflict[] = [];

  /** @param contracts oldest claim first; of several versions of a contract the newest first. */
  constructor(contracts: readonly KnownContract[], options: RouteTableOptions = {}) {
    const claims = new Map(options.reserved?.map((shape) => [shape, "the gateway"]));
    const refs = new Map(options.former?.routes.map(({ ref }) => [keyOf(ref), ref]));
    for (const { description, hash } of contracts) {
      for (const [name, operation] of Object.entries(description.operations)) {
        if (!operation.http) continue;
        const ref = { service: description.name, operation: name, contractHash: hash };
        const { method, path } = operation.http;
        this.#claim(claims, { ref: refs.get(keyOf(ref)) ?? ref, method, path, operation });
      }
    }
  }

  get routes(): readonly Route[] {
    return this.#routes;
  }

  find(method: string, segments: readonly string[]): Match {
    const values: string[] = [];
    const found =
      search(this.#root, segments, { method, values }) ??
      (method === "HEAD" ? search(this.#root, segments, { method: "GET", values }) : undefined);
    if (found)
      return { kind: "route", route: found.route, parameters: parametersOf(found, values) };
    const allow = new Set<string>();
    collectMethods(this.#root, segments, { index: 0, allow });
    if (allow.size === 0) return none;
    if (allow.has("GET")) allow.add("HEAD");
    return { kind: "method", allow: [...allow].sort() };
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
        branch.parameter ??= newBranch();
        branch = branch.parameter;
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
  readonly method: string;
  /** The values of the parameters on the way to where the search is. */
  readonly values: string[];
}

function search(
  branch: Branch,
  segments: readonly string[],
  state: Search,
  index = 0,
): Leaf | undefined {
  const segment = segments[index];
  if (segment === undefined) {
    const found = branch.routes.get(state.method);
    if (found) return found;
  } else {
    const literal = branch.literals.get(segment);
    const byLiteral = literal && search(literal, segments, state, index + 1);
    if (byLiteral) return byLiteral;
    if (branch.parameter) {
      state.values.push(segment);
      const byParameter = search(branch.parameter, segments, state, index + 1);
      if (byParameter) return byParameter;
      state.values.pop();
    }
  }
  return branch.rest.get(state.method);
}

/** The methods of every route that the path fits. */
function collectMethods(
  branch: Branch,
  segments: readonly string[],
  { index, allow }: { readonly index: number; readonly allow: Set<string> },
): void {
  const segment = segments[index];
  for (const method of branch.rest.keys()) allow.add(method);
  if (segment === undefined) {
    for (const method of branch.routes.keys()) allow.add(method);
    return;
  }
  const next = { index: index + 1, allow };
  const literal = branch.literals.get(segment);
  if (literal) collectMethods(literal, segments, next);
  if (branch.parameter) collectMethods(branch.parameter, segments, next);
}

function parametersOf({ names }: Leaf, values: readonly string[]): Record<string, string> {
  if (names.length === 0) return noParameters;
  const parameters: Record<string, string> = {};
  for (let index = 0; index < names.length; index += 1)
    parameters[names[index] as string] = values[index] as string;
  return parameters;
}

function newBranch(): Branch {
  return { literals: new Map(), parameter: undefined, routes: new Map(), rest: new Map() };
}

function keyOf({ service, operation, contractHash }: OperationRef): string {
  return `${contractHash} ${service}.${operation}`;
}
