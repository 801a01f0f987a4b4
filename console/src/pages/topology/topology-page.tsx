import { useMemo } from "preact/hooks";
import { SearchField, Tabs } from "../../components/fields.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Loading } from "../../components/states.tsx";
import { TimeChart } from "../../components/time-chart.tsx";
import { fleet } from "../../data/live-fleet.ts";
import { moments } from "../../data/totals.ts";
import { duration, percent, plural, rate } from "../../format/figures.ts";
import { hrefOf, place, setQuery } from "../../navigation.ts";
import { Distributors } from "./distributors.tsx";
import { FleetMap } from "./fleet-map.tsx";
import { type Graph, graphOf, type Instance, instanceOf } from "./graph.ts";
import { InstanceTable } from "./instance-table.tsx";
import { MachineTable } from "./machine-table.tsx";
import { NodeDetail } from "./node-detail.tsx";
import { ServiceDetail } from "./service-detail.tsx";
import { ServiceTable } from "./service-table.tsx";

/** `#/topology`, `/services`, `/instances`, `/machines`; `/service/NAME` and `/node/ID` show one of them beside. */
const tabs = [
  { key: "map", title: "Map" },
  { key: "services", title: "Services" },
  { key: "instances", title: "Instances" },
  { key: "machines", title: "Machines" },
].map((tab) => ({
  ...tab,
  href: hrefOf(tab.key === "map" ? ["topology"] : ["topology", tab.key]),
}));

const tabOfDetail: Readonly<Record<string, string>> = { service: "map", node: "instances" };

export function TopologyPage() {
  const picture = fleet.value;
  const { nodes, loads, edges } = picture;
  // The rest of the picture does not matter to the graph
  const graph = useMemo(() => graphOf(picture), [nodes, loads, edges]);
  const instances = useMemo(
    () =>
      [...nodes.values()]
        .map((node) => instanceOf(node, loads.get(node.id)))
        .sort((a, b) => (a.node.slot || a.node.name).localeCompare(b.node.slot || b.node.name)),
    [nodes, loads],
  );
  const [first = "map", second = ""] = place.value.rest;
  const tab = tabOfDetail[first] ?? first;
  const text = place.value.query.get("text") ?? "";
  return (
    <Page
      title="Topology"
      actions={
        tab === "map" ? (
          <Counts graph={graph} instances={instances} />
        ) : (
          <SearchField label="Find" value={text} onInput={(value) => setQuery({ text: value })} />
        )
      }
    >
      <Distributors distributors={picture.distributors} instances={instances} />
      <Tabs label="Ways to look at the fleet" tabs={tabs} current={tab} />
      {picture.at === 0 ? (
        <Loading what="the fleet" />
      ) : instances.length === 0 ? (
        <Empty title="No nodes yet">
          Start some with <code>dure up</code>, or join a machine with <code>dure serve</code>.
        </Empty>
      ) : (
        <div class={tabOfDetail[first] && second ? "split" : "stack grow"}>
          <Look tab={tab} text={text} graph={graph} instances={instances} chosen={second} />
          <Detail kind={first} name={second} graph={graph} instances={instances} />
        </div>
      )}
      {tab === "map" ? <Charts /> : null}
      {picture.leftOut > 0 ? (
        <p class="soft">{plural(picture.leftOut, "node or edge", "nodes and edges")} more.</p>
      ) : null}
    </Page>
  );
}

function Counts({ graph, instances }: { graph: Graph; instances: readonly Instance[] }) {
  const services = graph.vertices.filter(({ isService }) => isService).length;
  const machines = new Set(instances.map(({ node }) => node.machine)).size;
  return (
    <span class="soft">
      {plural(services, "service")}, {plural(instances.length, "node")} on{" "}
      {plural(machines, "machine")}
    </span>
  );
}

interface LookProps {
  readonly tab: string;
  readonly text: string;
  readonly graph: Graph;
  readonly instances: readonly Instance[];
  readonly chosen: string;
}

function Look({ tab, text, graph, instances, chosen }: LookProps) {
  const wanted = text.toLowerCase();
  const found = instances.filter(({ node }) =>
    `${node.name} ${node.slot} ${node.id} ${node.machine}`.toLowerCase().includes(wanted),
  );
  if (tab === "services")
    return <ServiceTable vertices={graph.vertices.filter(({ name }) => name.includes(wanted))} />;
  if (tab === "instances") return <InstanceTable label="Instances" instances={found} />;
  if (tab === "machines") return <MachineTable instances={found} />;
  return <FleetMap graph={graph} chosen={chosen || undefined} />;
}

interface DetailProps {
  readonly kind: string;
  readonly name: string;
  readonly graph: Graph;
  readonly instances: readonly Instance[];
}

function Detail({ kind, name, graph, instances }: DetailProps) {
  if (!name || !tabOfDetail[kind]) return null;
  if (kind === "service") {
    const vertex = graph.vertices.find((one) => one.name === name);
    return vertex ? <ServiceDetail vertex={vertex} /> : <Empty title={`No ${name} here`} />;
  }
  const instance = instances.find(({ node }) => node.id === name);
  return instance ? (
    <NodeDetail instance={instance} />
  ) : (
    <Empty title="This node is gone">It left, or it was found dead.</Empty>
  );
}

function Charts() {
  const { value } = moments;
  const times = value.map(({ atS }) => atS);
  return (
    <div class="columns charts">
      <TimeChart
        label="Calls"
        colour="--series-1"
        times={times}
        values={value.map(({ perS }) => perS)}
        show={rate}
      />
      <TimeChart
        label="Errors"
        colour="--series-3"
        times={times}
        values={value.map(({ errorShare }) => errorShare)}
        show={percent}
      />
      <TimeChart
        label="p99"
        colour="--series-2"
        times={times}
        values={value.map(({ p99Ms }) => p99Ms)}
        show={duration}
      />
    </div>
  );
}
