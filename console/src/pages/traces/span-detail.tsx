import { Facts } from "../../components/facts.tsx";
import { Panel } from "../../components/page.tsx";
import { duration } from "../../format/figures.ts";
import { moment } from "../../format/moments.ts";
import { hrefOf, place } from "../../navigation.ts";
import type { Bar } from "./waterfall.ts";

/** One piece of work beside the waterfall. */
export function SpanDetail({ bar }: { bar: Bar }) {
  const { span, offsetMs } = bar;
  const [traceId = ""] = place.value.rest;
  return (
    <aside class="stack detail" aria-label={`Span ${span.name}`}>
      <Panel title={span.name} aside={<a href={hrefOf(["traces", traceId])}>Close</a>}>
        {span.error === null ? null : <p class="bad reason">{span.error}</p>}
        <Facts
          items={[
            [
              "Service",
              <a key="service" href={hrefOf(["topology", "service", span.service])}>
                {span.service}
              </a>,
            ],
            ["Node", span.node],
            ["Kind", span.kind],
            ["Other side", span.peer ?? "\u2013"],
            ["Took", duration(span.durationMs)],
            ["Began after", duration(offsetMs)],
            ["Began at", moment(span.startedAt)],
            ...(span.skewMs === 0
              ? []
              : ([
                  ["Clock was off by", `${span.skewMs > 0 ? "+" : ""}${span.skewMs.toFixed(1)} ms`],
                ] as const)),
            ...span.attributes.map(({ name, value }) => [name, value] as const),
          ]}
        />
      </Panel>
    </aside>
  );
}
