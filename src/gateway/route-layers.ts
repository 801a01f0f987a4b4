/**
 * Which route a request takes, among those to HTTP servers: routes with the same conditions are a layer; layers are asked in the order of how
 * particular they are, and in each the most particular path wins. Conditions stand before contracts, layers without any behind them.
 */
import { PathTree, type Target } from "../http/index.ts";
import {
  byParticularity,
  type ConditionedRequest,
  isConditional,
  type RouteConditions,
  unmetCondition,
} from "./core/route-conditions.ts";

/** A route, as far as it is found by. */
export interface LayeredRoute {
  readonly title: string;
  readonly path: string;
  readonly conditions: RouteConditions;
}

interface Layer<Route> {
  readonly conditions: RouteConditions;
  readonly tree: PathTree<Route>;
}

/** A request that looks for its route. */
export interface RoutedRequest extends ConditionedRequest {
  readonly target: Pick<Target, "segments" | "hasEncodedSlash">;
}

/** Routes take every method. */
const anyMethod = "";
const none: readonly string[] = [];

export class RouteLayers<Route extends LayeredRoute> {
  readonly routes: readonly Route[];
  readonly #layers: readonly Layer<Route>[];
  /** Those with conditions, and those without, in the same order. */
  readonly #particular: readonly Layer<Route>[];
  readonly #plain: readonly Layer<Route>[];
  readonly #hasHeaders: boolean;

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    this.#hasHeaders = routes.some(({ conditions }) => conditions.headers.length > 0);
    const layers = new Map<string, Layer<Route>>();
    for (const route of routes) {
      const key = JSON.stringify(route.conditions);
      const layer = layers.get(key) ?? { conditions: route.conditions, tree: new PathTree() };
      layers.set(key, layer);
      layer.tree.insert(anyMethod, route.path, route);
    }
    this.#layers = [...layers.values()].sort((left, right) =>
      byParticularity(left.conditions, right.conditions),
    );
    this.#particular = this.#layers.filter(({ conditions }) => isConditional(conditions));
    this.#plain = this.#layers.filter(({ conditions }) => !isConditional(conditions));
  }

  /**
   * The route of a request, of those with conditions or of those without. None for an encoded slash: the server could take it for a slash,
   * and so for a path that has another route.
   */
  find(request: RoutedRequest, withConditions: boolean): Route | undefined {
    if (request.target.hasEncodedSlash) return undefined;
    for (const { conditions, tree } of withConditions ? this.#particular : this.#plain) {
      if (unmetCondition(conditions, request) !== undefined) continue;
      const found = tree.find(anyMethod, request.target.segments);
      if (found) return found.value;
    }
    return undefined;
  }

  /** The headers by which a request gets another route than one like it: whoever keeps answers must know them. */
  decidingHeaders(request: RoutedRequest): readonly string[] {
    if (!this.#hasHeaders) return none;
    const names = this.#layers.flatMap(({ conditions, tree }) => {
      const { host, headers } = conditions;
      const isPossible =
        headers.length > 0 &&
        unmetCondition({ host, headers: [] }, request) === undefined &&
        tree.find(anyMethod, request.target.segments);
      return isPossible ? headers.map(([name]) => name) : [];
    });
    return [...new Set(names)];
  }

  /** Why routes whose path fits are not taken, one line each. */
  refusals(request: RoutedRequest): readonly string[] {
    return this.#layers.flatMap(({ conditions, tree }) => {
      const found = tree.find(anyMethod, request.target.segments);
      const unmet = found && unmetCondition(conditions, request);
      return unmet === undefined ? [] : [`not ${found?.value.title}: ${unmet}`];
    });
  }
}
