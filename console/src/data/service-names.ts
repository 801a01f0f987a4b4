import { fleet } from "./live-fleet.ts";

/** The services of the fleet and the nodes that call them, in order. */
export function serviceNames(): string[] {
  const names = new Set<string>();
  for (const { name, services } of fleet.value.nodes.values()) {
    names.add(name);
    for (const service of services) names.add(service.name);
  }
  return [...names].sort();
}
