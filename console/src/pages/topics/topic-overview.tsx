import { Badge } from "../../components/badge.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Panel } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { Topics } from "../../data/types.ts";
import { bytes, count, plural } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";

type Topic = Topics["topics"][number];
type Group = Topics["groups"][number];

const topicColumns: Column<Topic>[] = [
  { title: "Topic", sortBy: ({ name }) => name, cell: ({ name }) => <strong>{name}</strong> },
  {
    title: "Events kept",
    width: "96px",
    isFigure: true,
    sortBy: ({ firstOffset, nextOffset }) => nextOffset - firstOffset,
    cell: ({ firstOffset, nextOffset }) => count(nextOffset - firstOffset),
  },
  {
    title: "Next offset",
    width: "96px",
    isFigure: true,
    isWideOnly: true,
    cell: ({ nextOffset }) => nextOffset.toLocaleString("en"),
  },
  {
    title: "Size",
    width: "100px",
    isFigure: true,
    sortBy: (topic) => topic.bytes,
    cell: (topic) => bytes(topic.bytes),
  },
];

const groupColumns: Column<Group>[] = [
  {
    title: "Group",
    sortBy: ({ name }) => name,
    cell: ({ name, dead }) =>
      dead > 0 ? (
        <a class="row-link" href={hrefOf(["topics", "dead"], { group: name })}>
          {name}
        </a>
      ) : (
        <strong>{name}</strong>
      ),
  },
  { title: "Topic", sortBy: ({ topic }) => topic, cell: ({ topic }) => topic },
  {
    title: "Members",
    width: "90px",
    isFigure: true,
    isWideOnly: true,
    cell: ({ members }) => <span class={members === 0 ? "bad" : undefined}>{members}</span>,
  },
  {
    title: "Lag",
    width: "64px",
    isFigure: true,
    sortBy: ({ lag }) => lag,
    cell: ({ lag }) => <span class={lag > 1_000 ? "warn" : undefined}>{count(lag)}</span>,
  },
  {
    title: "Parked",
    width: "80px",
    isFigure: true,
    isWideOnly: true,
    sortBy: ({ parked }) => parked,
    cell: ({ parked }) => <span class={parked > 0 ? "warn" : undefined}>{count(parked)}</span>,
  },
  {
    title: "Dead",
    width: "76px",
    sortBy: ({ dead }) => dead,
    cell: ({ dead }) => <Badge tone={dead > 0 ? "bad" : "good"}>{dead > 0 ? dead : "none"}</Badge>,
  },
];

/** Topics, and the groups that work on them. */
export function TopicOverview() {
  const polled = usePoll((signal) => client.topics(undefined, { signal }), { key: "topics" });
  return (
    <Shown polled={polled} what="The event log">
      {({ path, delayed, topics, groups }) =>
        topics.length === 0 && groups.length === 0 ? (
          <Empty title="No topics yet">A topic is there after its first event.</Empty>
        ) : (
          <>
            <Panel title="Consumer groups" aside={plural(groups.length, "group")}>
              {groups.length === 0 ? (
                <p class="soft">Nobody consumes events.</p>
              ) : (
                <DataTable
                  label="Consumer groups"
                  rows={groups}
                  columns={groupColumns}
                  keyOf={({ name, topic }) => `${name} ${topic}`}
                />
              )}
            </Panel>
            <Panel
              title="Topics"
              aside={`${delayed > 0 ? `${plural(delayed, "event")} wait for their time, ` : ""}stored in ${path}`}
            >
              <DataTable
                label="Topics"
                rows={topics}
                columns={topicColumns}
                keyOf={({ name }) => name}
              />
            </Panel>
          </>
        )
      }
    </Shown>
  );
}
