import { Badge } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { bytes, duration, percent, rate } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";
import type { Instance } from "./graph.ts";

/** Nodes with their health and load. */
export function InstanceTable({
  instances,
  label,
}: {
  instances: readonly Instance[];
  label: string;
}) {
  return (
    <DataTable label={label} rows={instances} columns={columns} keyOf={({ node }) => node.id} />
  );
}

const columns: Column<Instance>[] = [
  {
    title: "Instance",
    sortBy: ({ node }) => node.slot || node.name,
    cell: ({ node }) => (
      <a class="row-link" href={hrefOf(["topology", "node", node.id])} title={node.id}>
        {node.slot || node.name}
      </a>
    ),
  },
  {
    title: "Health",
    width: "170px",
    sortBy: ({ health }) => health,
    cell: ({ health, trouble }) => <Badge tone={health}>{trouble || "well"}</Badge>,
  },
  {
    title: "Machine",
    width: "140px",
    isWideOnly: true,
    sortBy: ({ node }) => node.machine,
    cell: ({ node }) => <span title={node.machine}>{node.machine}</span>,
  },
  {
    title: "Calls",
    width: "84px",
    isFigure: true,
    sortBy: ({ load }) => load?.perS ?? 0,
    cell: ({ load }) => rate(load?.perS),
  },
  {
    title: "Errors",
    width: "76px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ load }) => load?.errorShare ?? 0,
    cell: ({ load }) => percent(load?.errorShare),
  },
  {
    title: "p99",
    width: "80px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ load }) => load?.p99Ms ?? 0,
    cell: ({ load }) => duration(load?.p99Ms),
  },
  {
    title: "CPU",
    width: "68px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ load }) => load?.cpuShare ?? 0,
    cell: ({ load }) => percent(load?.cpuShare),
  },
  {
    title: "Memory",
    width: "84px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ load }) => load?.memoryBytes ?? 0,
    cell: ({ load }) => bytes(load?.memoryBytes),
  },
];
