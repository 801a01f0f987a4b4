import { Badge } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { AuditEntry } from "../../data/types.ts";
import { moment } from "../../format/moments.ts";

const columns: Column<AuditEntry>[] = [
  { title: "When", width: "118px", sortBy: ({ at }) => at, cell: ({ at }) => moment(at) },
  { title: "Who", width: "22%", sortBy: ({ who }) => who, cell: ({ who }) => who },
  { title: "From", width: "140px", isWideOnly: true, cell: ({ remoteAddress }) => remoteAddress },
  { title: "Did", width: "20%", sortBy: ({ action }) => action, cell: ({ action }) => action },
  { title: "To", cell: ({ target }) => <span title={target}>{target}</span> },
  {
    title: "Outcome",
    width: "92px",
    sortBy: ({ outcome }) => outcome,
    cell: ({ outcome }) => <Badge tone={outcome === "ok" ? "good" : "bad"}>{outcome}</Badge>,
  },
];

export function AuditPage() {
  const polled = usePoll((signal) => client.audit({ limit: 500 }, { signal }), { key: "audit" });
  return (
    <Page title="Audit" about="Who changed what through this console, newest first.">
      <Shown polled={polled} what="The audit log">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing was changed yet">
              Reloads, scaling, replays and tried calls are written down here.
            </Empty>
          ) : (
            <DataTable
              label="Audit log"
              rows={items}
              columns={columns}
              keyOf={({ id }) => String(id)}
            />
          )
        }
      </Shown>
    </Page>
  );
}
