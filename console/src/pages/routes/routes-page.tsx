import { useState } from "preact/hooks";
import { Badge } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { SearchField } from "../../components/fields.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { RouteEntry } from "../../data/types.ts";
import { ExplainForm } from "./explain-form.tsx";

const columns: Column<RouteEntry>[] = [
  {
    title: "Method",
    width: "86px",
    sortBy: ({ method }) => method,
    cell: ({ method }) => <span class="mono">{method}</span>,
  },
  {
    title: "Path",
    sortBy: ({ path }) => path,
    cell: ({ path }) => (
      <strong class="mono" title={path}>
        {path}
      </strong>
    ),
  },
  { title: "To", sortBy: ({ to }) => to, cell: ({ to }) => <span title={to}>{to}</span> },
  {
    title: "Who",
    width: "120px",
    isWideOnly: true,
    sortBy: ({ auth }) => auth,
    cell: ({ auth }) => (
      <Badge tone={auth === "public" ? "plain" : "accent"}>
        {auth === "public" ? "everybody" : "signed in"}
      </Badge>
    ),
  },
];

export function RoutesPage() {
  const polled = usePoll((signal) => client.routes(undefined, { signal }), {
    key: "routes",
    everyMs: 5_000,
  });
  const [text, setText] = useState("");
  return (
    <Page
      title="Routes"
      about="What the gateways answer, made from the contracts of the fleet as it is now."
      actions={<SearchField label="Find a route" value={text} onInput={setText} />}
    >
      <ExplainForm />
      <Shown polled={polled} what="Routes">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No routes">
              No operation has an HTTP binding, as <code>http: "GET /products/:id"</code>.
            </Empty>
          ) : (
            <DataTable
              label="Routes"
              rows={items.filter((route) =>
                `${route.method} ${route.path} ${route.to}`
                  .toLowerCase()
                  .includes(text.toLowerCase()),
              )}
              columns={columns}
              keyOf={({ method, path, to }) => `${method} ${path} ${to}`}
            />
          )
        }
      </Shown>
    </Page>
  );
}
