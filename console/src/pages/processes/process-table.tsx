import { Badge, type Tone } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { canOperate } from "../../data/session.ts";
import type { Process } from "../../data/types.ts";
import { bytes, duration, percent } from "../../format/figures.ts";
import { kindOf } from "./kinds.ts";
import type { ProcessQuestion } from "./process-actions.tsx";

/** What is not here went wrong: `crash-loop`. */
const tones: Readonly<Record<string, Tone>> = {
  ready: "good",
  starting: "accent",
  stopping: "warn",
  "backing-off": "warn",
  stopped: "plain",
};

interface ProcessTableProps {
  readonly processes: readonly Process[];
  readonly onAsk: (question: ProcessQuestion) => void;
}

export function ProcessTable({ processes, onAsk }: ProcessTableProps) {
  const mayOperate = canOperate();
  const hint = mayOperate ? undefined : "This session may look only";
  const buttons: Column<Process> = {
    title: "Do",
    width: "146px",
    cell: ({ name }) => (
      <>
        <Button
          isDisabled={!mayOperate}
          {...(hint ? { hint } : {})}
          onClick={() => onAsk({ kind: "reload", name })}
        >
          Reload<span class="hidden-text"> {name}</span>
        </Button>
        <Button
          isDisabled={!mayOperate}
          {...(hint ? { hint } : {})}
          onClick={() => onAsk({ kind: "scale", name: kindOf(name) })}
        >
          Scale<span class="hidden-text"> {kindOf(name)}</span>
        </Button>
      </>
    ),
  };
  return (
    <DataTable
      label="Processes"
      rows={processes}
      columns={[...columns, buttons]}
      keyOf={({ name }) => name}
    />
  );
}

const columns: Column<Process>[] = [
  {
    title: "Name",
    sortBy: ({ name }) => name,
    cell: ({ name }) => <strong title={name}>{name}</strong>,
  },
  {
    title: "State",
    width: "92px",
    sortBy: ({ state }) => state,
    cell: ({ state }) => <Badge tone={tones[state] ?? "bad"}>{state}</Badge>,
  },
  {
    title: "Pid",
    width: "80px",
    isFigure: true,
    isWideOnly: true,
    cell: ({ pid }) => pid ?? "\u2013",
  },
  {
    title: "Port",
    width: "70px",
    isFigure: true,
    isWideOnly: true,
    cell: ({ port }) => port ?? "\u2013",
  },
  {
    title: "Up",
    width: "80px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ uptimeMs }) => uptimeMs ?? 0,
    cell: ({ uptimeMs }) => duration(uptimeMs),
  },
  {
    title: "Memory",
    width: "90px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ memoryBytes }) => memoryBytes ?? 0,
    cell: ({ memoryBytes }) => bytes(memoryBytes),
  },
  {
    title: "CPU",
    width: "80px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ cpuShare }) => cpuShare ?? 0,
    cell: ({ cpuShare }) => percent(cpuShare),
  },
  {
    title: "Restarts",
    width: "84px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ restarts }) => restarts,
    cell: ({ restarts }) => <span class={restarts > 0 ? "warn" : "soft"}>{restarts}</span>,
  },
  {
    title: "Last end",
    isWideOnly: true,
    cell: ({ lastExit }) => (
      <span class="soft" title={lastExit ?? ""}>
        {lastExit ?? "\u2013"}
      </span>
    ),
  },
];
