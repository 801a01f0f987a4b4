import { Page, Panel } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import { CacheCards } from "./cache-cards.tsx";
import { CalleeTable, PolicyTable, RefusedTable, WorkTable } from "./limit-tables.tsx";

/** What holds calls back, and what spares them. */
export function LimitsPage() {
  const limits = usePoll((signal) => client.limits(undefined, { signal }), { key: "limits" });
  const caches = usePoll((signal) => client.caches(undefined, { signal }), { key: "caches" });
  return (
    <Page title="Limits and caches">
      <Panel title="Caches of the gateways">
        <Shown polled={caches} what="Caches">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No cache has told anything">
                A gateway keeps answers of operations whose contract says <code>cache</code>.
              </Empty>
            ) : (
              <CacheCards caches={items} />
            )
          }
        </Shown>
      </Panel>
      <Shown polled={limits} what="Limits">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No node has told anything yet">
              They are asked while this page is open, each every two seconds.
            </Empty>
          ) : (
            <>
              <PolicyTable nodes={items} />
              <RefusedTable nodes={items} />
              <WorkTable nodes={items} />
              <CalleeTable nodes={items} />
            </>
          )
        }
      </Shown>
    </Page>
  );
}
