import { Tabs } from "../../components/fields.tsx";
import { Page } from "../../components/page.tsx";
import { hrefOf, place } from "../../navigation.ts";
import { DeadLetters } from "./dead-letters.tsx";
import { TopicOverview } from "./topic-overview.tsx";

const tabs = [
  { key: "overview", title: "Topics and groups", href: hrefOf(["topics"]) },
  { key: "dead", title: "Dead letters", href: hrefOf(["topics", "dead"]) },
];

/** `#/topics`, `#/topics/dead?group=`, `#/topics/dead/ID`. */
export function TopicsPage() {
  const [tab = "overview", id] = place.value.rest;
  return (
    <Page title="Topics">
      <Tabs label="Parts of the event log" tabs={tabs} current={tab} />
      {tab === "dead" ? <DeadLetters id={id} /> : <TopicOverview />}
    </Page>
  );
}
