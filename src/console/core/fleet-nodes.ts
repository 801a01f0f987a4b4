import type { z } from "zod";
import { formatHostPort } from "../../kit/index.ts";
import type { NodeRecord, Registry } from "../../registry/index.ts";
import type { FleetNode } from "../schemas/fleet.ts";

/** Nodes that are shown, and characters of them all together: an item must fit into a message. */
const nodesMax = 5_000;
const sizeMax = 2 * 1024 * 1024;
/** Services and addresses of one node that are shown. */
const listMax = 50;

type Entry = ReturnType<Registry["nodes"]>[number];

/** The nodes of the view, this one first, as the pages see them. */
export function nodesOf(
  self: NodeRecord,
  entries: readonly Entry[],
): { readonly nodes: z.infer<typeof FleetNode>[]; readonly leftOut: number } {
  const others = entries.filter(({ record }) => record.id !== self.id);
  const all = [nodeOf(self, "live"), ...others.map((each) => nodeOf(each.record, each.status))];
  const nodes: z.infer<typeof FleetNode>[] = [];
  let size = 0;
  for (const node of all) {
    size += JSON.stringify(node).length;
    if (nodes.length === nodesMax || size > sizeMax) break;
    nodes.push(node);
  }
  return { nodes, leftOut: all.length - nodes.length };
}

function nodeOf(record: NodeRecord, health: Entry["status"]): z.infer<typeof FleetNode> {
  const { id, name, slot, machine, host, port, zone, pid, startedAt, state } = record;
  return {
    ...{ id, name, slot, machine, zone, pid, startedAt, state, health },
    address: port === 0 ? "" : formatHostPort({ host, port }),
    services: record.services.slice(0, listMax).map(({ name, version }) => ({ name, version })),
    // The routes of its services are there too.
    urls: record.urls.filter((url) => /^https?:/.test(url)).slice(0, listMax),
  };
}
