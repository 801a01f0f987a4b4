import type { ContractEntry } from "../../data/types.ts";
import { plural } from "../../format/figures.ts";
import { hrefOf } from "../../navigation.ts";

/** The services, each a link. */
export function ServiceList({
  contracts,
  chosen,
}: {
  contracts: readonly ContractEntry[];
  chosen: string;
}) {
  return (
    <nav class="panel service-list" aria-label="Services">
      <ul>
        {contracts.map(({ service, version, hash, operations }) => (
          <li key={`${service} ${hash}`}>
            <a
              href={hrefOf(["catalogue", service])}
              aria-current={service === chosen ? "page" : undefined}
            >
              <strong>{service}</strong> <span class="chip">{version}</span>
              <span class="soft">{plural(operations.length, "operation")}</span>
            </a>
          </li>
        ))}
      </ul>
      {contracts.length === 0 ? <p class="soft">Nothing of that name.</p> : null}
    </nav>
  );
}
