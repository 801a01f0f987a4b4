import { Badge } from "../../components/badge.tsx";
import { JsonView } from "../../components/json-view.tsx";
import { Panel } from "../../components/page.tsx";
import type { ContractEntry, OperationEntry } from "../../data/types.ts";
import { plural } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";
import { OperationView } from "./operation-view.tsx";

interface ContractProps {
  readonly contract: ContractEntry;
  readonly operation: string | undefined;
  /** What is looked for; lower case. */
  readonly text: string;
}

/** One version of a contract: its operations, the open one with its form, its events. */
export function ContractView({ contract, operation, text }: ContractProps) {
  const { service, version, nodes, operations, events } = contract;
  const shown = operations.filter(
    ({ name }) => service.toLowerCase().includes(text) || name.toLowerCase().includes(text),
  );
  return (
    <Panel title={`${service} ${version}`} aside={`on ${plural(nodes.length, "node")}`}>
      <ul class="operations">
        {shown.map((one) => (
          <li key={one.name}>
            <Head service={service} operation={one} isOpen={one.name === operation} />
            {one.name === operation ? <OperationView service={service} operation={one} /> : null}
          </li>
        ))}
      </ul>
      {events.length > 0 ? <h3>Events</h3> : null}
      {events.map(({ name, data }) => (
        <details key={name}>
          <summary>
            <span class="mono">{name}</span>
          </summary>
          <JsonView label={`Schema of ${name}`} value={data} />
        </details>
      ))}
    </Panel>
  );
}

interface HeadProps {
  readonly service: string;
  readonly operation: OperationEntry;
  readonly isOpen: boolean;
}

function Head({ service, operation, isOpen }: HeadProps) {
  const { name, kind, http, auth, summary } = operation;
  return (
    <a
      class="operation-head"
      href={hrefOf(isOpen ? ["catalogue", service] : ["catalogue", service, name])}
      aria-expanded={isOpen}
    >
      <strong class="mono">{name}</strong>
      {kind === "call" ? null : <span class="chip">{kind}</span>}
      <span class="mono soft">{http ?? "mesh only"}</span>
      <Badge tone={auth === "public" ? "plain" : "accent"}>
        {auth === "public" ? "everybody" : "signed in"}
      </Badge>
      {summary ? <span class="soft summary">{summary}</span> : null}
    </a>
  );
}
