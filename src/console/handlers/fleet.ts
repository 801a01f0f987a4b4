import type { HandlersOf } from "../../contract/index.ts";
import type { consoleContract } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";
import { cacheOf, limitsOf } from "../core/limits.ts";
import { operationsOf } from "../core/traffic.ts";

type Handlers = HandlersOf<typeof consoleContract>;

/** Nodes whose limits are shown; an answer must fit into a message. */
const nodesMax = 500;

/** What all nodes are at. */
export function fleetHandlers({
  watcher,
}: ConsoleParts): Pick<Handlers, "fleet" | "traffic" | "limits" | "caches"> {
  return {
    fleet: (_, ctx) => watcher.watch(ctx.signal),
    async traffic({ service }) {
      const readings = await watcher.readings();
      const measured = readings.map((reading) => reading.measured);
      return { items: operationsOf(measured, service) };
    },
    async limits() {
      const readings = await watcher.readings();
      const all = readings.flatMap(({ node, measured }) => limitsOf(node, measured) ?? []);
      return { items: all.slice(0, nodesMax) };
    },
    async caches() {
      const readings = await watcher.readings();
      return { items: readings.flatMap(({ node, measured }) => cacheOf(node, measured) ?? []) };
    },
  };
}
