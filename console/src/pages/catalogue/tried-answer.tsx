import { Badge } from "../../components/badge.tsx";
import { JsonView } from "../../components/json-view.tsx";
import type { TriedCall } from "../../data/types.ts";
import { duration } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";

/** How a tried call went. */
export function TriedAnswer({ answer }: { answer: TriedCall }) {
  const { isOk, isForNobody, durationMs, traceId, answers, hasMore, error } = answer;
  return (
    <div class="answer">
      <p>
        <Badge tone={isOk ? "good" : "bad"}>{isOk ? "OK" : (error?.code ?? "failed")}</Badge> after{" "}
        {duration(durationMs)} {"\u00b7"} <a href={hrefOf(["traces", traceId])}>Trace</a> {"\u00b7"}{" "}
        <a href={hrefOf(["logs"], { traceId })}>Logs</a>
      </p>
      {isForNobody ? (
        <p class="soft">
          Made for nobody: the console's certificate is not among <code>security.principals</code>.
        </p>
      ) : null}
      {error ? <p class="bad reason">{error.message}</p> : null}
      {error?.data === undefined ? null : <JsonView label="Data of the error" value={error.data} />}
      {answers.map((one, index) => (
        // Items of one answer never move
        <JsonView key={index} label={`Answer ${index + 1}`} value={one} />
      ))}
      {isOk && answers.length === 0 ? <p class="soft">It answered nothing, as it should.</p> : null}
      {hasMore ? <p class="soft">The stream had more.</p> : null}
    </div>
  );
}
