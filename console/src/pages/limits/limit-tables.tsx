import { Badge } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Panel } from "../../components/page.tsx";
import type { NodeLimits } from "../../data/types.ts";
import { count, percent, rate } from "../../format/figures.ts";

type Nodes = { readonly nodes: readonly NodeLimits[] };
/** Each part of a node's report with the node's name. */
type On<Part> = Part & { readonly node: string };
type Policy = On<NodeLimits["policies"][number]>;
type Refused = On<NodeLimits["refused"][number]>;
type Callee = On<NodeLimits["callees"][number]>;

const nodeColumn: Column<{ readonly node: string }> = {
  title: "Node",
  sortBy: ({ node }) => node,
  cell: ({ node }) => node,
};

function figure<Row>(
  title: string,
  value: (row: Row) => number | null,
  show: (value: number | null) => string,
): Column<Row> {
  return {
    title,
    width: "88px",
    isFigure: true,
    sortBy: (row) => value(row) ?? 0,
    cell: (row) => show(value(row)),
  };
}

const policyColumns: Column<Policy>[] = [
  nodeColumn,
  { title: "Policy", sortBy: ({ policy }) => policy, cell: ({ policy }) => policy },
  figure("Now", ({ limitedPerS }) => limitedPerS, rate),
  figure("Ever", ({ limitedTotal }) => limitedTotal, count),
  {
    ...figure<Policy>("Uncounted", ({ uncountedTotal }) => uncountedTotal, count),
    isWideOnly: true,
  },
];

/** Rate limits of the gateways. */
export function PolicyTable({ nodes }: Nodes) {
  const rows = nodes.flatMap(({ node, policies }) => policies.map((one) => ({ ...one, node })));
  return (
    <Panel title="Rate limits">
      {rows.length === 0 ? (
        <p class="soft">No gateway has a rate limit.</p>
      ) : (
        <DataTable
          label="Rate limits"
          rows={rows}
          columns={policyColumns}
          keyOf={({ node, policy }) => `${node} ${policy}`}
        />
      )}
    </Panel>
  );
}

const refusedColumns: Column<Refused>[] = [
  { ...nodeColumn, isWideOnly: true },
  {
    title: "Operation",
    sortBy: ({ service, operation }) => `${service}.${operation}`,
    cell: ({ service, operation }) => `${service}.${operation}`,
  },
  { title: "Code", width: "190px", cell: ({ code }) => <Badge tone="bad">{code}</Badge> },
  figure("Rate", ({ perS }) => perS, rate),
];

/** Requests that were not even begun. */
export function RefusedTable({ nodes }: Nodes) {
  const rows = nodes.flatMap(({ node, refused }) => refused.map((one) => ({ ...one, node })));
  return (
    <Panel title="Refused before they were begun">
      {rows.length === 0 ? (
        <p class="soft">No node refuses work.</p>
      ) : (
        <DataTable
          label="Refused requests"
          rows={rows}
          columns={refusedColumns}
          keyOf={({ node, service, operation, code }) => `${node} ${service} ${operation} ${code}`}
        />
      )}
    </Panel>
  );
}

const workColumns: Column<NodeLimits>[] = [
  nodeColumn,
  figure("At work", ({ inFlight }) => inFlight, count),
  figure("At most", ({ concurrencyMax }) => concurrencyMax, count),
  figure(
    "Filled",
    ({ inFlight, concurrencyMax }) => (concurrencyMax ? inFlight / concurrencyMax : null),
    percent,
  ),
];

/** How much each node has at work, and how much it would take. */
export function WorkTable({ nodes }: Nodes) {
  return (
    <Panel title="Work at once">
      <DataTable
        label="Work at once"
        rows={nodes}
        columns={workColumns}
        keyOf={({ node }) => node}
      />
    </Panel>
  );
}

const calleeColumns: Column<Callee>[] = [
  nodeColumn,
  { title: "Calls", sortBy: ({ service }) => service, cell: ({ service }) => service },
  {
    title: "Instances",
    width: "112px",
    sortBy: ({ instancesEjected }) => instancesEjected,
    cell: ({ instancesIn, instancesEjected }) => (
      <Badge tone={instancesEjected > 0 ? "warn" : "good"}>
        {instancesEjected > 0 ? `${instancesIn} in, ${instancesEjected} out` : `${instancesIn} in`}
      </Badge>
    ),
  },
  { ...figure<Callee>("Pending", ({ pending }) => pending, count), isWideOnly: true },
  { ...figure<Callee>("Retries", ({ retriesPerS }) => retriesPerS, rate), isWideOnly: true },
  {
    ...figure<Callee>("Not sent", ({ throttledShare }) => throttledShare, percent),
    isWideOnly: true,
  },
];

/** Breakers, retries and throttles of every caller. */
export function CalleeTable({ nodes }: Nodes) {
  const rows = nodes.flatMap(({ node, callees }) => callees.map((one) => ({ ...one, node })));
  return (
    <Panel title="Breakers, retries and throttles">
      {rows.length === 0 ? (
        <p class="soft">Nobody calls anybody.</p>
      ) : (
        <DataTable
          label="Breakers, retries and throttles"
          rows={rows}
          columns={calleeColumns}
          keyOf={({ node, service }) => `${node} ${service}`}
        />
      )}
    </Panel>
  );
}
