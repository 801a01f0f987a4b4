import type { RouteMap } from "../gateway/index.ts";
import type { AuditLog } from "./audit-log.ts";
import type { FleetWatcher } from "./fleet-watcher.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import type { ConsoleOptions } from "./options.ts";
import type { Pages } from "./pages.ts";

/** What the handlers work with. */
export interface ConsoleParts {
  readonly options: ConsoleOptions;
  readonly watcher: FleetWatcher;
  readonly gatekeeper: Gatekeeper;
  readonly audit: AuditLog;
  readonly pages: Pages;
  readonly routes: RouteMap;
}
