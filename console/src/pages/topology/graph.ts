/** Who calls whom, out of a picture of the fleet. Pure. */
import type { FleetPicture } from "../../data/fleet-state.ts";
import type { FleetEdge, FleetNode, NodeLoad } from "../../data/types.ts";

/** What a dot of the map says about an instance. */
export type Health = "good" | "warn" | "bad";

export interface Instance {
  readonly node: FleetNode;
  readonly load: NodeLoad | undefined;
  readonly health: Health;
  /** Why it is not well; empty if it is. */
  readonly trouble: string;
}

/** A service with its instances; or nodes that only call, under their name. */
export interface Vertex {
  readonly name: string;
  readonly isService: boolean;
  readonly instances: readonly Instance[];
  /** Calls that come in, from everybody. */
  readonly perS: number;
  readonly errorShare: number;
  /** Of the slowest edge. */
  readonly p99Ms: number | null;
}

export interface Graph {
  readonly vertices: readonly Vertex[];
  readonly edges: readonly FleetEdge[];
}

/** The graph, in the order of names. */
export function graphOf({ nodes, loads, edges }: FleetPicture): Graph {
  const members = new Map<string, Instance[]>();
  const services = new Set<string>();
  const join = (name: string, instance?: Instance) => {
    const list = members.get(name) ?? [];
    if (instance) list.push(instance);
    members.set(name, list);
  };
  for (const node of nodes.values()) {
    const instance = instanceOf(node, loads.get(node.id));
    for (const { name } of node.services) {
      services.add(name);
      join(name, instance);
    }
    if (!node.services.some(({ name }) => name === node.name)) join(node.name, instance);
  }
  const incoming = new Map<string, FleetEdge[]>();
  for (const edge of edges.values()) {
    join(edge.from);
    join(edge.to);
    incoming.set(edge.to, [...(incoming.get(edge.to) ?? []), edge]);
  }
  const vertices = [...members]
    .map(([name, instances]) => ({
      name,
      isService: services.has(name),
      instances,
      ...sumOf(incoming.get(name) ?? []),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
  return { vertices, edges: [...edges.values()] };
}

/** A node with what is known of it. */
export function instanceOf(node: FleetNode, load: NodeLoad | undefined): Instance {
  const trouble = troubleOf(node, load);
  const isBad = node.health === "suspect" || node.state === "quarantined";
  return { node, load, trouble, health: trouble === "" ? "good" : isBad ? "bad" : "warn" };
}

function troubleOf({ health, state }: FleetNode, load: NodeLoad | undefined): string {
  if (health === "suspect") return "does not answer";
  if (state === "quarantined") return "quarantined";
  if (state === "draining") return "draining";
  const lost = distributorsLost(load);
  if (lost === "all") return "no Distributor";
  if (health === "unvouched") return "no Distributor vouches";
  return lost === "some" ? "lost a Distributor" : "";
}

/** Whether a node has lost Distributors that it is told to use. */
export function distributorsLost(load: NodeLoad | undefined): "none" | "some" | "all" {
  const told = load?.distributors;
  const connected = told?.filter(({ isConnected }) => isConnected).length;
  if (!told || connected === told.length) return "none";
  return connected === 0 ? "all" : "some";
}

function sumOf(edges: readonly FleetEdge[]): Pick<Vertex, "perS" | "errorShare" | "p99Ms"> {
  let perS = 0;
  let errorsPerS = 0;
  let p99Ms: number | null = null;
  for (const edge of edges) {
    perS += edge.perS;
    errorsPerS += edge.perS * edge.errorShare;
    if (edge.p99Ms !== null) p99Ms = Math.max(p99Ms ?? 0, edge.p99Ms);
  }
  return { perS, errorShare: perS > 0 ? errorsPerS / perS : 0, p99Ms };
}
