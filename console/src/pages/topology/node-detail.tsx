import { Badge } from "../../components/badge.tsx";
import { Facts } from "../../components/facts.tsx";
import { Panel } from "../../components/page.tsx";
import type { FleetDistributor } from "../../data/types.ts";
import { bytes, duration, percent, rate } from "../../format/figures.ts";
import { ago } from "../../format/moments.ts";
import { hrefOf } from "../../navigation.ts";
import type { Instance } from "./graph.ts";

/** All that is known of one node. */
export function NodeDetail({ instance }: { instance: Instance }) {
  const { node, load, health, trouble } = instance;
  const title = node.slot || node.name;
  const told = load?.distributors;
  return (
    <aside class="stack detail" aria-label={`About ${title}`}>
      <Panel title={title} aside={<a href={hrefOf(["topology", "instances"])}>Close</a>}>
        <Facts
          items={[
            [
              "Health",
              <Badge tone={health} key="health">
                {trouble || "well"}
              </Badge>,
            ],
            ["Services", node.services.map(({ name, version }) => `${name} ${version}`).join(", ")],
            ["Address", node.address || "only calls"],
            ["Machine", node.machine],
            ["Zone", node.zone || "\u2013"],
            ["Process", String(node.pid)],
            ["Started", ago(node.startedAt)],
            ["Distributors", told ? told.map(saidOf).join(", ") || "told to use none" : "not told"],
            ["Calls", rate(load?.perS)],
            ["Errors", percent(load?.errorShare)],
            ["p99", duration(load?.p99Ms)],
            ["At work", String(load?.inFlight ?? "\u2013")],
            ["CPU", percent(load?.cpuShare)],
            ["Memory", bytes(load?.memoryBytes)],
            ["Loop lag", duration(load?.loopLagMs)],
            [
              "Id",
              <span class="mono" key="id">
                {node.id}
              </span>,
            ],
          ]}
        />
        {node.urls.length > 0 ? <p class="mono">{node.urls.join("\n")}</p> : null}
        <p class="links">
          <a href={hrefOf(["logs"], { node: title })}>Logs</a>
        </p>
      </Panel>
    </aside>
  );
}

function saidOf({ address, isConnected }: FleetDistributor): string {
  return isConnected ? address : `${address} lost`;
}
