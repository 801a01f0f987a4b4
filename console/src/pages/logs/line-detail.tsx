import { Badge } from "../../components/badge.tsx";
import { Facts } from "../../components/facts.tsx";
import { Panel } from "../../components/page.tsx";
import type { LogLine } from "../../data/types.ts";
import { moment } from "../../format/moments.ts";
import { hrefOf, place } from "../../navigation.ts";
import { levelTones } from "./log-table.tsx";

/** One line with all its fields. */
export function LineDetail({ line }: { line: LogLine }) {
  const { at, level, message, service, node, traceId, fields } = line;
  const query = Object.fromEntries(place.value.query);
  return (
    <aside class="stack detail" aria-label="The line">
      <Panel title="Line" aside={<a href={hrefOf(["logs"], query)}>Close</a>}>
        <p class="reason">{message}</p>
        <Facts
          items={[
            [
              "Level",
              <Badge key="level" tone={levelTones[level]}>
                {level}
              </Badge>,
            ],
            ["Time", moment(at)],
            ["Service", service],
            ["Node", node],
            [
              "Trace",
              traceId ? (
                <a key="trace" class="mono" href={hrefOf(["traces", traceId])}>
                  {traceId}
                </a>
              ) : (
                "\u2013"
              ),
            ],
            ...fields.map(({ name, value }) => [name, value] as const),
          ]}
        />
      </Panel>
    </aside>
  );
}
