import type { Command } from "commander";
import { asError } from "../kit/index.ts";
import type { NodeRecord } from "../registry/index.ts";
import { Client } from "../wire/index.ts";
import { askDistributor, newestOf } from "./ask-distributor.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { addProjectFlags, addSettingFlags, type ProjectFlags } from "./project.ts";
import { findReach, newIdentity, type Reach } from "./reach.ts";
import { print, printJson, table } from "./terminal.ts";

/** `dure nodes`: who is registered. */
export function defineNodes(program: Command): void {
  const command = program
    .command("nodes")
    .description("list the nodes that the Distributors know")
    .option("--json", "print a JSON array of node records, as GET /distributor gives it");
  addProjectFlags(addSettingFlags(command, ["distributors"]))
    .addHelpText("after", examples)
    .action(nodes);
}

async function nodes(flags: ProjectFlags & { json?: boolean }): Promise<void> {
  const records = newestOf(await askAll(await findReach(flags)));
  if (flags.json) return printJson(records);
  const rows = records.map((record) => [
    record.slot,
    `${record.host}:${record.port}`,
    record.services.map(({ name }) => name).join(", ") || "-",
    record.state,
    String(record.pid),
  ]);
  return print(table(["NODE", "ADDRESS", "SERVICES", "STATE", "PID"], rows));
}

/** The lists of all Distributors that answer; one is enough. */
async function askAll(reach: Reach): Promise<NodeRecord[][]> {
  const transport = await reach.transport();
  const identity = newIdentity(reach);
  const answers = await Promise.allSettled(
    reach.distributors.map((address) =>
      askDistributor(new Client({ address, identity, token: reach.token(), transport })),
    ),
  );
  const lists = answers.flatMap((answer) =>
    answer.status === "fulfilled" ? [answer.value.nodes] : [],
  );
  if (lists.length > 0) return lists;
  const reasons = answers.flatMap((answer) =>
    answer.status === "rejected" ? [asError(answer.reason).message] : [],
  );
  throw new CommandError(`no Distributor answers: ${reasons.join("; ")}`, exitCodes.nobodyThere);
}

const examples = `
Examples:
  $ dure nodes
  $ dure nodes --json
  $ dure nodes --join 10.0.0.1:9100,10.0.0.2:9100`;
