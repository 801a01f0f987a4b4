import { useState } from "preact/hooks";
import { SearchField } from "../../components/fields.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { usePoll } from "../../data/poll.ts";
import type { ContractEntry } from "../../data/types.ts";
import { place } from "../../navigation.ts";
import { ContractView } from "./contract-view.tsx";
import { ServiceList } from "./service-list.tsx";

/** `#/catalogue`, `#/catalogue/SERVICE`, `#/catalogue/SERVICE/OPERATION`. */
export function CataloguePage() {
  const polled = usePoll((signal) => client.contracts(undefined, { signal }), {
    key: "contracts",
    everyMs: 10_000,
  });
  const [text, setText] = useState("");
  return (
    <Page
      title="Catalogue"
      about="What every service of the fleet offers. Any operation can be tried from here."
      actions={<SearchField label="Find an operation" value={text} onInput={setText} />}
    >
      <Shown polled={polled} what="The catalogue">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No contracts">No service is there yet.</Empty>
          ) : (
            <Contracts contracts={items} text={text.trim().toLowerCase()} />
          )
        }
      </Shown>
    </Page>
  );
}

function Contracts({ contracts, text }: { contracts: readonly ContractEntry[]; text: string }) {
  const [service = "", operation] = place.value.rest;
  const found = contracts.filter(
    (one) =>
      one.service.toLowerCase().includes(text) ||
      one.operations.some(({ name }) => name.toLowerCase().includes(text)),
  );
  const versions = contracts.filter((one) => one.service === service);
  return (
    <div class={service ? "catalogue has-choice" : "catalogue"}>
      <ServiceList contracts={found} chosen={service} />
      {versions.length > 0 ? (
        <div class="stack">
          {versions.map((contract) => (
            <ContractView
              key={`${contract.service} ${contract.hash}`}
              contract={contract}
              operation={operation}
              text={text}
            />
          ))}
        </div>
      ) : (
        <Empty title={service ? `Nobody offers ${service} now` : "Choose a service"}>
          {service ? "It may come back." : "Here are its operations, each with a form to try it."}
        </Empty>
      )}
    </div>
  );
}
