import { Badge, type Tone } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import type { LogLine } from "../../data/types.ts";
import { moment } from "../../format/moments.ts";
import { hrefOf, place } from "../../navigation.ts";

/** Of each level of the log. */
export const levelTones: Readonly<Record<LogLine["level"], Tone>> = {
  debug: "plain",
  info: "good",
  warn: "warn",
  error: "bad",
};

export function LogTable({
  lines,
  chosen,
}: {
  lines: readonly LogLine[];
  chosen: string | undefined;
}) {
  return (
    <DataTable
      label="Log"
      rows={lines}
      columns={columns}
      keyOf={({ id }) => String(id)}
      isMarked={({ id }) => String(id) === chosen}
    />
  );
}

const columns: Column<LogLine>[] = [
  {
    title: "Time",
    width: "118px",
    cell: ({ at }) => <span class="soft">{moment(at)}</span>,
  },
  {
    title: "Level",
    width: "80px",
    isWideOnly: true,
    cell: ({ level }) => <Badge tone={levelTones[level]}>{level}</Badge>,
  },
  {
    title: "Node",
    width: "140px",
    isWideOnly: true,
    cell: ({ node }) => <span title={node}>{node}</span>,
  },
  {
    title: "Message",
    cell: ({ id, level, message, fields }) => (
      <>
        <a
          class={`row-link tone-text-${levelTones[level]}`}
          href={hrefOf(["logs", String(id)], Object.fromEntries(place.value.query))}
          title={message}
        >
          {message}
        </a>{" "}
        <span class="soft mono">
          {fields.map(({ name, value }) => `${name}=${value}`).join(" ")}
        </span>
      </>
    ),
  },
];
