import { type Column, DataTable } from "../../components/data-table.tsx";
import { Choice } from "../../components/fields.tsx";
import { Icon } from "../../components/icon.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { SagaView } from "../../data/types.ts";
import { moment } from "../../format/moments.ts";
import { hrefOf, place, setQuery } from "../../navigation.ts";
import { SagaDetail } from "./saga-detail.tsx";
import { SagaState, sagaStateNames } from "./saga-state.tsx";
import { StepDots } from "./step-dots.tsx";

const columns: Column<SagaView>[] = [
  {
    title: "Saga",
    sortBy: ({ name }) => name,
    cell: ({ service, id, name }) => (
      <>
        <a
          class="row-link"
          href={hrefOf(["sagas", service, id], Object.fromEntries(place.value.query))}
        >
          {name}
        </a>{" "}
        <span class="soft mono">{id}</span>
      </>
    ),
  },
  {
    title: "State",
    width: "130px",
    sortBy: ({ state }) => state,
    cell: ({ state }) => <SagaState state={state} />,
  },
  {
    title: "Steps",
    width: "140px",
    isWideOnly: true,
    cell: ({ steps }) => <StepDots steps={steps} />,
  },
  {
    title: "Service",
    width: "130px",
    isWideOnly: true,
    sortBy: ({ service }) => service,
    cell: ({ service }) => service,
  },
  {
    title: "Why",
    isWideOnly: true,
    cell: ({ error }) => (
      <span class="soft" title={error ?? ""}>
        {error ?? "\u2013"}
      </span>
    ),
  },
  {
    title: "Began",
    width: "130px",
    isWideOnly: true,
    sortBy: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => moment(createdAt),
  },
];

/** `#/sagas?state=`, `#/sagas/SERVICE/ID`. */
export function SagasPage() {
  const { query, rest } = place.value;
  const [service = "", id = ""] = rest;
  const wanted = sagaStateNames.find((one) => one === query.get("state"));
  const polled = usePoll(
    (signal) => client.sagas({ ...(wanted ? { state: wanted } : {}), limit: 500 }, { signal }),
    { key: wanted ?? "" },
  );
  return (
    <Page
      title="Sagas"
      about="Work of several steps that is done whole, or undone step by step."
      actions={
        <Choice
          label="State"
          value={wanted ?? ""}
          options={[["", "all"], ...sagaStateNames.map((state) => [state, state] as const)]}
          onChange={(value) => setQuery({ state: value })}
        />
      }
    >
      <Shown polled={polled} what="Sagas">
        {({ items, failures }) => (
          <>
            {failures.map(({ name, reason }) => (
              <div key={name} class="banner" role="status">
                <Icon name="warning" /> {name} did not answer: {reason}
              </div>
            ))}
            {items.length === 0 ? (
              <Empty title="No sagas">None of this state, or no service runs any.</Empty>
            ) : (
              <div class={id ? "split" : "stack grow"}>
                <DataTable
                  label="Sagas"
                  rows={items}
                  columns={columns}
                  keyOf={(saga) => `${saga.service} ${saga.id}`}
                  isMarked={(saga) => saga.id === id && saga.service === service}
                />
                {id ? <SagaDetail key={`${service} ${id}`} service={service} id={id} /> : null}
              </div>
            )}
          </>
        )}
      </Shown>
    </Page>
  );
}
