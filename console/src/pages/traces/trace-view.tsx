import { useMemo } from "preact/hooks";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { TraceSpan } from "../../data/types.ts";
import { duration, plural } from "../../format/figures.ts";
import { moment } from "../../format/moments.ts";
import { hrefOf } from "../../navigation.ts";
import { SpanDetail } from "./span-detail.tsx";
import { type Bar, type Waterfall, waterfallOf } from "./waterfall.ts";

/** Late spans come in for some seconds. */
const everyMs = 5_000;

export function TraceView({ traceId, spanId }: { traceId: string; spanId: string | undefined }) {
  const polled = usePoll((signal) => client.trace({ traceId }, { signal }), {
    key: traceId,
    everyMs,
  });
  return (
    <Page
      title="Trace"
      back={{ href: hrefOf(["traces"]), label: "Traces" }}
      actions={
        <>
          <a href={hrefOf(["logs"], { traceId })}>Logs of this trace</a>
          <span class="mono soft trace-id">{traceId}</span>
        </>
      }
    >
      <Shown polled={polled} what="The trace">
        {({ spans, leftOut, missing }) =>
          spans.length === 0 ? (
            <Empty title="No spans of this trace were kept">
              Slow and failed requests are always kept, of the others a sample; none for ever.
            </Empty>
          ) : (
            <Shape spans={spans} leftOut={leftOut} missing={missing} spanId={spanId} />
          )
        }
      </Shown>
    </Page>
  );
}

interface ShapeProps {
  readonly spans: readonly TraceSpan[];
  readonly leftOut: number;
  readonly missing: number;
  readonly spanId: string | undefined;
}

function Shape({ spans, leftOut, missing, spanId }: ShapeProps) {
  const waterfall = useMemo(() => waterfallOf(spans), [spans]);
  const chosen = waterfall.bars.find(({ span }) => span.spanId === spanId);
  const services = [...new Set(spans.map(({ service }) => service))];
  const failed = spans.filter(({ error }) => error !== null).length;
  const [first] = waterfall.bars;
  return (
    <>
      <p>
        <strong>{first?.span.name}</strong>{" "}
        <span class="soft">
          {duration(waterfall.durationMs)}, {plural(spans.length, "span")} in{" "}
          {plural(services.length, "service")}, began {first ? moment(first.span.startedAt) : ""}
        </span>
        {failed > 0 ? <span class="bad"> {plural(failed, "span")} failed</span> : null}
        {missing > 0 ? (
          <span class="warn"> {plural(missing, "span")} nobody has told of (yet)</span>
        ) : null}
        {leftOut > 0 ? <span class="warn"> {plural(leftOut, "span")} left out</span> : null}
      </p>
      <div class={chosen ? "split" : "stack grow"}>
        <DataTable
          label="Spans"
          rows={waterfall.bars}
          columns={columnsOf(waterfall, services)}
          keyOf={({ span }) => span.spanId}
          isMarked={({ span }) => span.spanId === spanId}
        />
        {chosen ? <SpanDetail bar={chosen} /> : null}
      </div>
    </>
  );
}

const indentMax = 12;
const hueCount = 6;

function columnsOf({ durationMs }: Waterfall, services: readonly string[]): Column<Bar>[] {
  return [
    {
      title: "Span",
      width: "38%",
      isMain: true,
      cell: ({ span }) => (
        <span style={{ paddingLeft: `${Math.min(span.depth, indentMax) * 14}px` }}>
          <a
            class="row-link"
            href={hrefOf(["traces", traceIdHere(), span.spanId])}
            title={span.error ?? span.name}
          >
            {span.error === null ? null : <span class="bad">{"\u2715 "}</span>}
            {span.name}
          </a>{" "}
          <span class="soft">{span.service}</span>
        </span>
      ),
    },
    {
      title: `0 to ${duration(durationMs)}`,
      cell: ({ span, offsetMs }) => {
        const x = (offsetMs / durationMs) * 1_000;
        const width = Math.max(3, (span.durationMs / durationMs) * 1_000);
        const hue = services.indexOf(span.service) % hueCount;
        return (
          <svg class="span-bar" aria-hidden="true" viewBox="0 0 1000 14" preserveAspectRatio="none">
            <rect
              class={span.error === null ? `hue-${hue}` : "is-failed"}
              x={Math.min(x, 997)}
              width={width}
              height="14"
            />
          </svg>
        );
      },
    },
    {
      title: "Took",
      width: "84px",
      isFigure: true,
      cell: ({ span }) => duration(span.durationMs),
    },
  ];
}

function traceIdHere(): string {
  return location.hash.split("/")[2]?.split("?")[0] ?? "";
}
