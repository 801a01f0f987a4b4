import type { HandlersOf } from "../../contract/index.ts";
import { DureError } from "../../kit/index.ts";
import type { consoleContract } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";
import type { FleetPort } from "../options.ts";

type Handlers = HandlersOf<typeof consoleContract>;

/** The supervisor's processes. */
export function processHandlers({
  options,
}: ConsoleParts): Pick<Handlers, "processes" | "reload" | "scale"> {
  const fleet = (): FleetPort => {
    if (options.fleet) return options.fleet;
    throw new DureError("UNAVAILABLE", "no supervisor runs beside this console; see: dure up");
  };
  return {
    processes: async () => ({ items: [...(await fleet().ps())] }),
    async reload({ names }) {
      const { reloaded, failures, untouched } = await fleet().reload(names);
      return { reloaded: [...reloaded], failures: [...failures], untouched: [...untouched] };
    },
    async scale({ kind, count }) {
      const { failures } = await fleet().scale(kind, count);
      return { failures: [...failures] };
    },
  };
}
