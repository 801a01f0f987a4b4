import { useState } from "preact/hooks";
import { SearchField } from "../../components/fields.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import { ProcessActions, type ProcessQuestion } from "./process-actions.tsx";
import { ProcessTable } from "./process-table.tsx";

export function ProcessesPage() {
  const polled = usePoll((signal) => client.processes(undefined, { signal }), {
    key: "processes",
    everyMs: 1_000,
  });
  const [text, setText] = useState("");
  const [question, setQuestion] = useState<ProcessQuestion>();
  return (
    <Page
      title="Processes"
      about="What the supervisor of this machine keeps running. A reload gives each place to a new process before the old one goes."
      actions={<SearchField label="Find a process" value={text} onInput={setText} />}
    >
      <Shown polled={polled} what="Processes">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No processes">
              This fleet has no supervisor on the console's machine.
            </Empty>
          ) : (
            <ProcessTable
              processes={items.filter(({ name }) => name.includes(text.trim()))}
              onAsk={setQuestion}
            />
          )
        }
      </Shown>
      {question ? (
        <ProcessActions
          question={question}
          processes={polled.data?.items ?? []}
          onClose={() => setQuestion(undefined)}
        />
      ) : null}
    </Page>
  );
}
