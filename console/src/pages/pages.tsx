/** Every page: its name in the address, its title, its key after `g`. */
import type { FunctionComponent } from "preact";
import type { IconName } from "../components/icon.tsx";
import { AuditPage } from "./audit/audit-page.tsx";
import { CataloguePage } from "./catalogue/catalogue-page.tsx";
import { LimitsPage } from "./limits/limits-page.tsx";
import { LogsPage } from "./logs/logs-page.tsx";
import { ProcessesPage } from "./processes/processes-page.tsx";
import { RoutesPage } from "./routes/routes-page.tsx";
import { SagasPage } from "./sagas/sagas-page.tsx";
import { TopicsPage } from "./topics/topics-page.tsx";
import { TopologyPage } from "./topology/topology-page.tsx";
import { TracesPage } from "./traces/traces-page.tsx";

export interface PageEntry {
  readonly name: IconName;
  readonly title: string;
  readonly group: "Fleet" | "Watch" | "Work" | "Edge";
  readonly key: string;
  readonly Page: FunctionComponent;
}

export const pages: readonly PageEntry[] = [
  { name: "topology", title: "Topology", group: "Fleet", key: "t", Page: TopologyPage },
  { name: "processes", title: "Processes", group: "Fleet", key: "p", Page: ProcessesPage },
  { name: "catalogue", title: "Catalogue", group: "Fleet", key: "c", Page: CataloguePage },
  { name: "traces", title: "Traces", group: "Watch", key: "r", Page: TracesPage },
  { name: "logs", title: "Logs", group: "Watch", key: "l", Page: LogsPage },
  { name: "topics", title: "Topics", group: "Work", key: "e", Page: TopicsPage },
  { name: "sagas", title: "Sagas", group: "Work", key: "s", Page: SagasPage },
  { name: "routes", title: "Routes", group: "Edge", key: "o", Page: RoutesPage },
  { name: "limits", title: "Limits and caches", group: "Edge", key: "i", Page: LimitsPage },
  { name: "audit", title: "Audit", group: "Edge", key: "a", Page: AuditPage },
];
