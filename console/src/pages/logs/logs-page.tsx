import { useState } from "preact/hooks";
import { Button } from "../../components/button.tsx";
import { Choice, SearchField, Toggle } from "../../components/fields.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { serviceNames } from "../../data/service-names.ts";
import type { LogFilter } from "../../data/types.ts";
import { plural } from "../../format/figures.ts";
import { place, setQuery } from "../../navigation.ts";
import { LineDetail } from "./line-detail.tsx";
import { type LogFeed, useLogFeed } from "./log-feed.ts";
import { LogTable } from "./log-table.tsx";

const levels = [
  ["", "all"],
  ["debug", "debug and above"],
  ["info", "info and above"],
  ["warn", "warnings and above"],
  ["error", "errors"],
] as const;

/** The filter is in the address, so that it can be linked to. */
export function LogsPage() {
  const { query } = place.value;
  const [isFollowing, setIsFollowing] = useState(true);
  const text = query.get("text") ?? "";
  const level = query.get("level") ?? "";
  const service = query.get("service") ?? "";
  const node = query.get("node") ?? "";
  const traceId = query.get("traceId") ?? "";
  const filter: LogFilter = {
    ...(text ? { text } : {}),
    ...(level ? { level: level as NonNullable<LogFilter["level"]> } : {}),
    ...(service ? { service } : {}),
    ...(node ? { node } : {}),
    ...(traceId ? { traceId } : {}),
  };
  const feed = useLogFeed(filter, isFollowing);
  return (
    <Page
      title="Logs"
      actions={
        <>
          <SearchField
            label="Find in lines"
            value={text}
            onInput={(value) => setQuery({ text: value })}
          />
          <Choice
            label="Level"
            value={level}
            options={levels}
            onChange={(value) => setQuery({ level: value })}
          />
          <Choice
            label="Service"
            value={service}
            options={[["", "all"], ...serviceNames().map((name) => [name, name] as const)]}
            onChange={(value) => setQuery({ service: value })}
          />
          <Toggle label="Follow" isOn={isFollowing} onChange={setIsFollowing} />
        </>
      }
    >
      {traceId || node ? (
        <p>
          {traceId ? (
            <>
              Of trace <span class="mono">{traceId}</span>.{" "}
            </>
          ) : null}
          {node ? <>Of {node}. </> : null}
          <Button onClick={() => setQuery({ traceId: "", node: "" })}>Show all</Button>
        </p>
      ) : null}
      <Lines feed={feed} />
    </Page>
  );
}

function Lines({ feed }: { feed: LogFeed }) {
  const { lines, isLoaded, error, refresh, dropped, hasOlder, loadOlder } = feed;
  const [id] = place.value.rest;
  const chosen = lines.find((line) => String(line.id) === id);
  const data = isLoaded && (!error || lines.length > 0) ? lines : undefined;
  return (
    <Shown polled={{ data, error, refresh }} what="Logs">
      {() => (
        <>
          {dropped > 0 ? (
            <p class="warn">{plural(dropped, "line")} came too fast to be shown here.</p>
          ) : null}
          {lines.length === 0 ? (
            <Empty title="No lines">None fits. Lines are kept for a while, not for ever.</Empty>
          ) : (
            <div class={chosen ? "split" : "stack grow"}>
              <LogTable lines={lines} chosen={id} />
              {chosen ? <LineDetail line={chosen} /> : null}
            </div>
          )}
          {hasOlder ? (
            <div>
              <Button onClick={loadOlder}>Older lines</Button>
            </div>
          ) : null}
        </>
      )}
    </Shown>
  );
}
