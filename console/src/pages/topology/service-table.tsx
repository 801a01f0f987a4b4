import { Badge, toneOfErrors } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { duration, percent, rate } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";
import type { Vertex } from "./graph.ts";

/** Services and callers with their traffic. */
export function ServiceTable({ vertices }: { vertices: readonly Vertex[] }) {
  return (
    <DataTable label="Services" rows={vertices} columns={columns} keyOf={({ name }) => name} />
  );
}

const illOf = ({ instances }: Vertex) => instances.filter(({ health }) => health !== "good").length;

const columns: Column<Vertex>[] = [
  {
    title: "Service",
    sortBy: ({ name }) => name,
    cell: ({ name, isService }) => (
      <>
        <a class="row-link" href={hrefOf(["topology", "service", name])}>
          {name}
        </a>{" "}
        {isService ? null : <span class="chip wide-only">caller</span>}
      </>
    ),
  },
  {
    title: "Instances",
    width: "100px",
    sortBy: ({ instances }) => instances.length,
    cell: (vertex) => {
      const ill = illOf(vertex);
      const { length } = vertex.instances;
      if (length === 0) return <Badge tone={vertex.isService ? "bad" : "plain"}>none</Badge>;
      return (
        <Badge tone={ill > 0 ? "warn" : "good"}>{ill > 0 ? `${length}, ${ill} ill` : length}</Badge>
      );
    },
  },
  {
    title: "Calls",
    width: "76px",
    isFigure: true,
    sortBy: ({ perS }) => perS,
    cell: ({ perS }) => rate(perS),
  },
  {
    title: "Errors",
    width: "76px",
    isFigure: true,
    sortBy: ({ errorShare }) => errorShare,
    cell: ({ errorShare, perS }) =>
      perS > 0 ? (
        <span class={`tone-${toneOfErrors(errorShare)}`}>{percent(errorShare)}</span>
      ) : (
        "\u2013"
      ),
  },
  {
    title: "p99",
    width: "76px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ p99Ms }) => p99Ms ?? 0,
    cell: ({ p99Ms }) => duration(p99Ms),
  },
];
