import { Badge, toneOfErrors } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Facts } from "../../components/facts.tsx";
import { Panel } from "../../components/page.tsx";
import { Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { OperationTraffic } from "../../data/types.ts";
import { duration, percent, plural, rate } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";
import type { Vertex } from "./graph.ts";

/** A service beside the map: its traffic by operation, its instances, where to look further. */
export function ServiceDetail({ vertex }: { vertex: Vertex }) {
  const { name, isService, instances, perS, errorShare, p99Ms } = vertex;
  const versions = new Set(
    instances.flatMap(({ node }) =>
      node.services.filter((service) => service.name === name).map(({ version }) => version),
    ),
  );
  return (
    <aside class="stack detail" aria-label={`About ${name}`}>
      <Panel title={name} aside={<a href={hrefOf(["topology"])}>Close</a>}>
        <Facts
          items={[
            ["Calls", rate(perS)],
            [
              "Errors",
              <span class={`tone-${toneOfErrors(errorShare)}`} key="errors">
                {percent(errorShare)}
              </span>,
            ],
            ["p99", duration(p99Ms)],
            ["Version", [...versions].join(", ") || "\u2013"],
          ]}
        />
        <p class="links">
          <a href={hrefOf(["traces"], { service: name })}>Traces</a>
          <a href={hrefOf(["logs"], { service: name })}>Logs</a>
          {isService ? <a href={hrefOf(["catalogue", name])}>Contract</a> : null}
        </p>
      </Panel>
      {isService ? <Traffic service={name} /> : null}
      <Panel title={plural(instances.length, "instance")}>
        <ul class="instances">
          {instances.slice(0, listedMax).map(({ node, health, trouble, load }) => (
            <li key={node.id}>
              <a href={hrefOf(["topology", "node", node.id])}>{node.slot || node.name}</a>
              <span class="soft">{rate(load?.perS)}</span>
              <Badge tone={health}>{trouble || "well"}</Badge>
            </li>
          ))}
        </ul>
        {instances.length > listedMax ? (
          <p>
            <a href={hrefOf(["topology", "instances"], { text: name })}>
              All {instances.length} instances
            </a>
          </p>
        ) : null}
      </Panel>
    </aside>
  );
}

const listedMax = 30;

const columns: Column<OperationTraffic>[] = [
  {
    title: "Operation",
    cell: ({ operation, caller }) => (
      <span title={`${operation}, called by ${caller}`}>
        {operation} <span class="soft">by {caller}</span>
      </span>
    ),
  },
  { title: "Rate", width: "68px", isFigure: true, cell: ({ perS }) => rate(perS) },
  {
    title: "Err.",
    width: "56px",
    isFigure: true,
    cell: ({ errorShare }) => (
      <span class={`tone-${toneOfErrors(errorShare)}`}>{percent(errorShare)}</span>
    ),
  },
  { title: "p99", width: "80px", isFigure: true, cell: ({ p99Ms }) => duration(p99Ms) },
];

function Traffic({ service }: { service: string }) {
  const polled = usePoll((signal) => client.traffic({ service }, { signal }), { key: service });
  return (
    <Panel title="Operations">
      <Shown polled={polled} what="Traffic">
        {({ items }) =>
          items.length === 0 ? (
            <p class="soft">Nobody has called it in the last seconds.</p>
          ) : (
            <DataTable
              label={`Operations of ${service}`}
              rows={items}
              columns={columns}
              keyOf={({ operation, caller }) => `${operation} ${caller}`}
            />
          )
        }
      </Shown>
    </Panel>
  );
}
