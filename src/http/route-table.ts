/**
 * Which operation answers a method and path. Built anew from the contracts in the view at every change and swapped whole, so a
 * request sees one table or the next, never a mixture.
 */
import type { ContractDescription, OperationDescription } from "../contract/index.ts";
import type { OperationRef } from "../wire/index.ts";
import { PathTree } from "./path-tree.ts";

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

const none: Match = { kind: "none" };

export class RouteTable {
  readonly #tree = new PathTree<Route>();
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
    const found =
      this.#tree.find(method, segments) ??
      (method === "HEAD" ? this.#tree.find("GET", segments) : undefined);
    if (found) return { kind: "route", route: found.value, parameters: found.parameters };
    const allow = this.#tree.methods(segments);
    if (allow.size === 0) return none;
    if (allow.has("GET")) allow.add("HEAD");
    return { kind: "method", allow: [...allow].sort() };
  }

  #claim(claims: Map<string, string>, route: Route): void {
    const { method, path, ref } = route;
    const shape = `${method} ${path.includes(":") ? path.replace(/:[^/]+/g, ":") : path}`;
    const own = `${ref.service}.${ref.operation}`;
    const keptBy = claims.get(shape);
    if (keptBy !== undefined) {
      if (keptBy !== own) this.conflicts.push({ method, path, keptBy, quarantined: own });
      return;
    }
    claims.set(shape, own);
    this.#routes.push(route);
    this.#tree.insert(method, path, route);
  }
}

function keyOf({ service, operation, contractHash }: OperationRef): string {
  return `${contractHash} ${service}.${operation}`;
}
