import { Badge } from "../../components/badge.tsx";
import { Icon } from "../../components/icon.tsx";
import type { FleetDistributor } from "../../data/types.ts";
import { plural } from "../../format/figures.ts";
import { distributorsLost, type Instance } from "./graph.ts";

/** Which Distributors there are, and which nodes have lost theirs. */
export function Distributors({
  distributors,
  instances,
}: {
  distributors: readonly FleetDistributor[];
  instances: readonly Instance[];
}) {
  const without = instances.filter(({ load }) => distributorsLost(load) === "all");
  const fewer = instances.filter(({ load }) => distributorsLost(load) === "some");
  return (
    <>
      {without.length > 0 ? (
        <div class="banner" role="status">
          <Icon name="warning" />
          <span>
            <strong>{plural(without.length, "node")} lost the Distributor.</strong> Calls go on with
            the last view: {namesOf(without)}
          </span>
        </div>
      ) : null}
      {fewer.length > 0 ? (
        <div class="banner" role="status">
          <Icon name="warning" />
          <span>
            <strong>{plural(fewer.length, "node")} lost one of several Distributors:</strong>{" "}
            {namesOf(fewer)}
          </span>
        </div>
      ) : null}
      {distributors.length > 0 ? (
        <ul class="distributors" aria-label="Distributors">
          {distributors.map(({ address, isConnected }) => (
            <li key={address}>
              <span class="soft">Distributor</span>
              <span class="mono">{address}</span>
              <Badge tone={isConnected ? "good" : "bad"}>
                {isConnected ? "connected" : "lost"}
              </Badge>
            </li>
          ))}
        </ul>
      ) : null}
    </>
  );
}

const namedMax = 8;

function namesOf(instances: readonly Instance[]): string {
  const names = instances.slice(0, namedMax).map(({ node }) => node.slot || node.name);
  const rest = instances.length - names.length;
  return rest > 0 ? `${names.join(", ")} and ${rest} more` : names.join(", ");
}
