import type { z } from "zod";
import type {
  ContractDescription,
  HandlersOf,
  OperationDescription,
} from "../../contract/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { consoleContract } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";
import type { ContractEntry } from "../schemas/edge.ts";
import { tryCall } from "../try-call.ts";

type Handlers = HandlersOf<typeof consoleContract>;
type Entry = z.infer<typeof ContractEntry>;

/** Characters of all contracts together: an answer must fit into a message. What is more is not shown. */
const sizeMax = 3 * 1024 * 1024;

/** What services offer, and a try of it. */
export function contractHandlers({
  options: { node },
}: ConsoleParts): Pick<Handlers, "contracts" | "tryCall"> {
  return {
    contracts: () => ({ items: contractsOf(node) }),
    tryCall: (input, ctx) =>
      tryCall(node, { ...input, who: ctx.principal?.subject ?? "", signal: ctx.signal }),
  };
}

function contractsOf(node: MeshNode): Entry[] {
  const found = new Map<string, { name: string; version: string; nodes: string[] }>();
  for (const { record } of node.registry.nodes()) {
    for (const { name, version, contractHash } of record.services) {
      const known = found.get(contractHash) ?? { name, version, nodes: [] };
      known.nodes.push(record.slot || record.name);
      found.set(contractHash, known);
    }
  }
  let size = 0;
  return [...found]
    .sort(([, left], [, right]) => left.name.localeCompare(right.name))
    .flatMap(([hash, { name: service, version, nodes }]) => {
      const contract = node.contractOf(hash);
      const entry = { service, version, hash, nodes: nodes.sort(), ...membersOf(contract) };
      size += JSON.stringify(entry).length;
      return size > sizeMax ? [] : [entry];
    });
}

function membersOf(
  contract: ContractDescription | undefined,
): Pick<Entry, "operations" | "events"> {
  const operations = Object.entries(contract?.operations ?? {});
  const events = Object.entries(contract?.events ?? {});
  return {
    operations: operations.map(([name, operation]) => operationEntry(name, operation)),
    events: events.map(([name, { data }]) => ({ name, data })),
  };
}

function operationEntry(
  name: string,
  operation: OperationDescription,
): Entry["operations"][number] {
  const { kind, summary = "", http, auth, scopes, isIdempotent, input, output } = operation;
  return {
    ...{ name, kind, summary, auth, isIdempotent },
    scopes: [...scopes],
    http: http ? `${http.method} ${http.path}` : null,
    input: input ?? null,
    output: output ?? null,
    errors: Object.entries(operation.errors).map(([code, { status, data }]) => ({
      code,
      status,
      data: data ?? null,
    })),
  };
}
