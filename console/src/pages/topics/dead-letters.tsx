import { Button } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { DeadLetter } from "../../data/types.ts";
import { moment } from "../../format/moments.ts";
import { goTo, hrefOf, place, setQuery } from "../../navigation.ts";
import { LetterDialog } from "./letter-dialog.tsx";

const columns: Column<DeadLetter>[] = [
  {
    title: "Topic",
    width: "22%",
    sortBy: ({ topic }) => topic,
    cell: ({ id, topic }) => (
      <a
        class="row-link"
        href={hrefOf(["topics", "dead", String(id)], Object.fromEntries(place.value.query))}
      >
        {topic}
      </a>
    ),
  },
  { title: "Group", width: "18%", sortBy: ({ group }) => group, cell: ({ group }) => group },
  {
    title: "Key",
    width: "14%",
    isWideOnly: true,
    cell: ({ key }) => <span class="mono">{key}</span>,
  },
  {
    title: "Why",
    cell: ({ attempts }) => {
      const last = attempts.at(-1);
      return <span title={last?.message}>{last ? `${last.code} ${last.message}` : "\u2013"}</span>;
    },
  },
  {
    title: "Tries",
    width: "64px",
    isFigure: true,
    isWideOnly: true,
    cell: ({ attempts }) => attempts.length,
  },
  {
    title: "Given up",
    width: "130px",
    isWideOnly: true,
    sortBy: ({ at }) => at,
    cell: ({ at }) => moment(at),
  },
];

/** Events that groups have given up on. */
export function DeadLetters({ id }: { id: string | undefined }) {
  const group = place.value.query.get("group") ?? "";
  const polled = usePoll(
    (signal) => client.deadLetters({ ...(group ? { group } : {}), limit: 500 }, { signal }),
    { key: group },
  );
  const close = () => goTo(hrefOf(["topics", "dead"], { group }));
  const chosen = polled.data?.items.find((letter) => String(letter.id) === id);
  return (
    <>
      {group ? (
        <p>
          Of group <strong>{group}</strong>.{" "}
          <Button onClick={() => setQuery({ group: "" })}>Show all</Button>
        </p>
      ) : null}
      <Shown polled={polled} what="Dead letters">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No dead letters">Nothing was given up on.</Empty>
          ) : (
            <DataTable
              label="Dead letters"
              rows={items}
              columns={columns}
              keyOf={(letter) => String(letter.id)}
            />
          )
        }
      </Shown>
      {chosen ? (
        <LetterDialog
          key={chosen.id}
          letter={chosen}
          onClose={close}
          onDone={() => {
            close();
            polled.refresh();
          }}
        />
      ) : null}
    </>
  );
}
