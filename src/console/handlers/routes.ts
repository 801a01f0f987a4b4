import type { HandlersOf } from "../../contract/index.ts";
import type { consoleContract } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";

type Handlers = HandlersOf<typeof consoleContract>;

/** Where the gateways send what. */
export function routeHandlers({ routes }: ConsoleParts): Pick<Handlers, "routes" | "explainRoute"> {
  return {
    routes: () => ({ items: [...routes.list()] }),
    explainRoute({ method, target, host = "localhost", headers }) {
      const { to, reasons } = routes.explain({
        method: method.toUpperCase(),
        ...{ target, host },
        headers: new Map(headers.map(({ name, value }) => [name.toLowerCase(), value])),
      });
      return { to, reasons: [...reasons] };
    },
  };
}
