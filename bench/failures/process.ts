/** One process of a fleet: `process.ts <file> registry|callee|caller <what it is started with, as JSON>`. */
import { workFor } from "../harness/worker.ts";
import { divert } from "./divert.ts";
import { type LoadRequest, runLoad, warmUp } from "./load.ts";
import { type Behaviour, createHandlers } from "./messages.ts";
import type { CallerOptions, FailurePeer } from "./peer.ts";

/** What `registry`, `callee` and `caller` are started with. */
export interface ProcessOptions {
  readonly registry: object;
  readonly callee: { readonly name: string; readonly meeting: string; readonly writesFile: string };
  readonly caller: CallerOptions & { readonly diverted?: { from: number; to: number } | undefined };
}

async function startCallee(
  peer: FailurePeer,
  { name, meeting, writesFile }: ProcessOptions["callee"],
): Promise<void> {
  const { handlers, behave } = createHandlers(name, writesFile);
  const { port, stop } = await peer.serve({ name, meeting, handlers });
  workFor(String(port), async (behaviour: Behaviour) => behave(behaviour), stop);
}

async function startCaller(
  peer: FailurePeer,
  { diverted, ...options }: ProcessOptions["caller"],
): Promise<void> {
  if (diverted) divert(diverted.from, diverted.to);
  const caller = await peer.connect(options);
  await warmUp(
    caller,
    options.callees.map(({ name }) => name),
  );
  workFor("", (request: LoadRequest) => runLoad(caller, request));
}

const [file = "", role = "", json = "{}"] = process.argv.slice(2);
const { default: peer }: { default: FailurePeer } = await import(`./${file}`);
if (role === "registry") workFor((await peer.startRegistry?.()) ?? "");
else if (role === "callee") await startCallee(peer, JSON.parse(json));
else await startCaller(peer, JSON.parse(json));
