import { type Command, InvalidArgumentError } from "commander";
import { contract, type SagaState, sagaOperations, sagaStates } from "../contract/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { addProjectFlags, addSettingFlags, type ProjectFlags } from "./project.ts";
import { withNode } from "./reach.ts";
import { print, printJson, table } from "./terminal.ts";

interface SagaFlags extends ProjectFlags {
  readonly json?: boolean;
  readonly state?: SagaState;
}

/** `dure sagas`: looks after the sagas of a service. */
export function defineSagas(program: Command): void {
  const sagas = program
    .command("sagas")
    .description("look after the sagas of a service of the running mesh")
    .addHelpText("after", examples);
  const withMesh = (command: Command) =>
    addProjectFlags(addSettingFlags(command, ["distributors"])).argument(
      "<service>",
      "the service whose sagas they are",
    );
  withMesh(sagas.command("list"))
    .description("list its newest sagas")
    .option("--state <state>", `those in one state: ${sagaStates.join(", ")}`, stateOf)
    .option("--json", "print a JSON array, with every step")
    .action(list);
  withMesh(sagas.command("retry"))
    .description("let one that is stuck go on")
    .argument("<id>", "the saga's id")
    .action((service: string, id: string, flags: SagaFlags) =>
      change(service, flags, "retrySaga", id),
    );
  withMesh(sagas.command("abandon"))
    .description("leave one that is stuck as it is, for good")
    .argument("<id>", "the saga's id")
    .action((service: string, id: string, flags: SagaFlags) =>
      change(service, flags, "abandonSaga", id),
    );
}

async function list(service: string, flags: SagaFlags): Promise<void> {
  const { state } = flags;
  const { items } = await withSagas(service, flags, (client) =>
    client.sagas(state === undefined ? {} : { state }),
  );
  if (flags.json) return printJson(items);
  const rows = items.map(({ id, name, state: is, createdAt, steps, error }) => [
    id,
    name,
    is,
    new Date(createdAt).toISOString(),
    steps.map((step) => `${step.name} ${step.state}`).join(", "),
    error?.slice(0, 80) ?? "",
  ]);
  return print(table(["ID", "SAGA", "STATE", "SINCE", "STEPS", "ERROR"], rows));
}

async function change(
  service: string,
  flags: SagaFlags,
  how: "retrySaga" | "abandonSaga",
  id: string,
): Promise<void> {
  await withSagas(service, flags, (client) => client[how]({ id }));
  await print(how === "retrySaga" ? `saga ${id} goes on` : `saga ${id} is left as it is`);
}

async function withSagas<Value>(
  service: string,
  flags: SagaFlags,
  use: (client: ReturnType<typeof clientOf>) => Promise<Value>,
): Promise<Value> {
  return withNode(flags, (node) => use(clientOf(node, service)));
}

/** Whatever else the service offers, these it has under the same names. */
function clientOf(node: MeshNode, service: string) {
  return node.client(contract(service, sagaOperations()));
}

function stateOf(text: string): SagaState {
  const found = sagaStates.find((state) => state === text);
  if (found) return found;
  throw new InvalidArgumentError(`It must be one of ${sagaStates.join(", ")}.`);
}

const examples = `
Examples:
  $ dure sagas list store --state stuck
  $ dure sagas retry store b7c0
  $ dure sagas abandon store b7c0`;
