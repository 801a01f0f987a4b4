import { Badge } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Choice, SearchField, Toggle } from "../../components/fields.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import { serviceNames } from "../../data/service-names.ts";
import type { TraceSummary } from "../../data/types.ts";
import { duration } from "../../format/figures.ts";
import { moment } from "../../format/moments.ts";
import { hrefOf, place, setQuery } from "../../navigation.ts";

const slowest = [
  ["", "any"],
  ["10", "10 ms and more"],
  ["100", "100 ms and more"],
  ["500", "500 ms and more"],
  ["1000", "1 s and more"],
] as const;

export function TraceList() {
  const { query } = place.value;
  const text = query.get("text") ?? "";
  const service = query.get("service") ?? "";
  const min = query.get("min") ?? "";
  const onlyErrors = query.get("errors") === "yes";
  const polled = usePoll(
    (signal) =>
      client.traces(
        {
          ...(text ? { text } : {}),
          ...(service ? { service } : {}),
          ...(min ? { durationMsMin: Number(min) } : {}),
          onlyErrors,
          limit: 200,
        },
        { signal },
      ),
    { key: `${text}|${service}|${min}|${onlyErrors}` },
  );
  return (
    <Page
      title="Traces"
      about="Requests with all the work that they caused. Slow and failed ones are always kept, of the others a sample."
      actions={
        <>
          <SearchField
            label="Find in names"
            value={text}
            onInput={(value) => setQuery({ text: value })}
          />
          <Choice
            label="Service"
            value={service}
            options={[["", "all"], ...serviceNames().map((name) => [name, name] as const)]}
            onChange={(value) => setQuery({ service: value })}
          />
          <Choice
            label="Took"
            value={min}
            options={slowest}
            onChange={(value) => setQuery({ min: value })}
          />
          <Toggle
            label="Errors only"
            isOn={onlyErrors}
            onChange={(isOn) => setQuery({ errors: isOn ? "yes" : "" })}
          />
        </>
      }
    >
      <Shown polled={polled} what="Traces">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No traces">
              None fits, or none was kept yet: send a request through the gateway.
            </Empty>
          ) : (
            <DataTable
              label="Traces"
              rows={items}
              columns={columnsFor(items)}
              keyOf={({ traceId }) => traceId}
            />
          )
        }
      </Shown>
    </Page>
  );
}

function columnsFor(items: readonly TraceSummary[]): Column<TraceSummary>[] {
  const longest = Math.max(...items.map(({ durationMs }) => durationMs), 1);
  return [
    {
      title: "Request",
      sortBy: ({ name }) => name,
      cell: ({ traceId, name }) => (
        <a class="row-link" href={hrefOf(["traces", traceId])} title={name}>
          {name}
        </a>
      ),
    },
    {
      title: "Took",
      width: "100px",
      isFigure: true,
      sortBy: ({ durationMs }) => durationMs,
      cell: ({ durationMs }) => duration(durationMs),
    },
    {
      title: "Beside others",
      width: "140px",
      isWideOnly: true,
      cell: ({ durationMs }) => (
        <svg class="meter" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 6">
          <rect class="ground" width="100" height="6" rx="2" />
          <rect class="value" width={Math.max(1, (durationMs / longest) * 100)} height="6" rx="2" />
        </svg>
      ),
    },
    {
      title: "Errors",
      width: "90px",
      sortBy: ({ errorCount }) => errorCount,
      cell: ({ errorCount }) => (
        <Badge tone={errorCount > 0 ? "bad" : "good"}>{errorCount > 0 ? errorCount : "none"}</Badge>
      ),
    },
    {
      title: "Spans",
      width: "70px",
      isFigure: true,
      isWideOnly: true,
      sortBy: ({ spanCount }) => spanCount,
      cell: ({ spanCount }) => spanCount,
    },
    {
      title: "Services",
      isWideOnly: true,
      cell: ({ services }) => (
        <span class="soft" title={services.join(", ")}>
          {services.join(", ")}
        </span>
      ),
    },
    {
      title: "Began",
      width: "130px",
      isWideOnly: true,
      sortBy: ({ startedAt }) => startedAt,
      cell: ({ startedAt }) => moment(startedAt),
    },
  ];
}
