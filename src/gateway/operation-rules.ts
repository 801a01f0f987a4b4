/** What routes without an upstream say of the operations at their paths: versions, who stays with one, what is answered instead. */
import type { MeshNode, VersionWeights } from "../mesh/index.ts";
import { isVersion, versionOrder } from "../mesh/index.ts";
import type { RouteConditions } from "./core/route-conditions.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import { conditionsOf, type Fallback, fallbackOf, titleOf } from "./open-route.ts";
import type { OperationSection, RouteSection, StickyOptions } from "./options.ts";
import { type RoutedRequest, RouteLayers } from "./route-layers.ts";
import { treatmentOf } from "./route-words.ts";
import { markOf, varyOf } from "./sticky.ts";

/** Such a route. */
export interface OperationRule {
  readonly title: string;
  readonly path: string;
  readonly conditions: RouteConditions;
  readonly versions: VersionWeights | undefined;
  readonly sticky: StickyOptions | undefined;
  readonly fallback: Fallback | undefined;
}

/** Where the call of a request goes, as far as a rule says. */
export interface Placement {
  /** The client's, so that it comes to the same instance again. */
  readonly routingKey: string | undefined;
  /** In this order; undefined: as the service's own shares say. */
  readonly versions: readonly string[] | undefined;
}

export class OperationRules {
  readonly #node: MeshNode;
  readonly #layers: RouteLayers<OperationRule>;

  constructor(node: MeshNode, sections: readonly RouteSection[]) {
    this.#node = node;
    this.#layers = new RouteLayers(
      sections.filter((each) => each.upstream === undefined).map(ruleOf),
    );
  }

  get rules(): readonly OperationRule[] {
    return this.#layers.routes;
  }

  /** The most particular rule for a request. */
  find(request: RoutedRequest): OperationRule | undefined {
    return this.#layers.find(request, true) ?? this.#layers.find(request, false);
  }

  /** The headers that decide which rule a request has. */
  decidingHeaders(request: RoutedRequest): readonly string[] {
    return this.#layers.decidingHeaders(request);
  }

  /** Where a call goes; the client is told what it needs to come back there. Versions without an instance come last. */
  place(exchange: HeadedExchange, { versions, sticky }: OperationRule, service: string): Placement {
    const mark = markOf(exchange, sticky);
    if (mark.setCookie !== undefined) exchange.add([["set-cookie", mark.setCookie]]);
    const routingKey = sticky && mark.key;
    if (!versions) return { routingKey, versions: undefined };
    exchange.add(varyOf(sticky, Object.keys(versions).length));
    const instances = this.#node.registry.instancesOf(service);
    const isThere = (version: string) =>
      instances.some((instance) => isVersion(instance.service.version, version));
    const order = versionOrder(versions, mark.point);
    return {
      routingKey,
      versions: [...order.filter(isThere), ...order.filter((version) => !isThere(version))],
    };
  }
}

/** A rule in words, for people who ask what becomes of a request. */
export function wordsOf({ versions, sticky, fallback }: OperationRule): string {
  const shares = Object.entries(versions ?? {}).map(([name, weight]) => `${name} (${weight})`);
  return [
    ...(shares.length > 0 ? [`versions ${shares.join(", ")}`] : []),
    ...treatmentOf({ sticky, fallback }),
  ].join("; ");
}

function ruleOf(section: OperationSection): OperationRule {
  const conditions = conditionsOf(section);
  const { path, versions, sticky } = section;
  const fallback = fallbackOf(section);
  return { title: titleOf(path, conditions), path, conditions, versions, sticky, fallback };
}
