import { Badge } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { bytes, rate } from "../../format/figures.ts";
import type { Instance } from "./graph.ts";

interface Machine {
  readonly name: string;
  readonly zone: string;
  readonly instances: readonly Instance[];
  readonly services: number;
  readonly perS: number;
  readonly memoryBytes: number;
  readonly cpuShare: number;
}

/** Machines with what runs on them. */
export function MachineTable({ instances }: { instances: readonly Instance[] }) {
  return (
    <DataTable
      label="Machines"
      rows={machinesOf(instances)}
      columns={columns}
      keyOf={({ name }) => name}
    />
  );
}

function machinesOf(instances: readonly Instance[]): Machine[] {
  const byName = Map.groupBy(instances, ({ node }) => node.machine);
  const sum = (of: readonly Instance[], value: (one: Instance) => number | null | undefined) =>
    of.reduce((total, one) => total + (value(one) ?? 0), 0);
  return [...byName].map(([name, own]) => ({
    name,
    zone: own[0]?.node.zone ?? "",
    instances: own,
    services: new Set(own.flatMap(({ node }) => node.services.map((service) => service.name))).size,
    perS: sum(own, ({ load }) => load?.perS),
    memoryBytes: sum(own, ({ load }) => load?.memoryBytes),
    cpuShare: sum(own, ({ load }) => load?.cpuShare),
  }));
}

const illOf = ({ instances }: Machine) =>
  instances.filter(({ health }) => health !== "good").length;

const columns: Column<Machine>[] = [
  {
    title: "Machine",
    sortBy: ({ name }) => name,
    cell: ({ name, zone }) => (
      <>
        <strong>{name}</strong> {zone ? <span class="chip">{zone}</span> : null}
      </>
    ),
  },
  {
    title: "Nodes",
    width: "88px",
    sortBy: ({ instances }) => instances.length,
    cell: (machine) => {
      const ill = illOf(machine);
      const { length } = machine.instances;
      return (
        <Badge tone={ill > 0 ? "warn" : "good"}>{ill > 0 ? `${length}, ${ill} ill` : length}</Badge>
      );
    },
  },
  {
    title: "Services",
    width: "90px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ services }) => services,
    cell: ({ services }) => services,
  },
  {
    title: "Calls",
    width: "90px",
    isFigure: true,
    sortBy: ({ perS }) => perS,
    cell: ({ perS }) => rate(perS),
  },
  {
    title: "Cores busy",
    width: "110px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ cpuShare }) => cpuShare,
    cell: ({ cpuShare }) => cpuShare.toFixed(2),
  },
  {
    title: "Memory",
    width: "92px",
    isFigure: true,
    sortBy: ({ memoryBytes }) => memoryBytes,
    cell: ({ memoryBytes }) => bytes(memoryBytes),
  },
];
