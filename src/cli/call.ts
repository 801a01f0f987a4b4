import { type Command, InvalidArgumentError } from "commander";
import type { OperationDescription } from "../contract/index.ts";
import { asError, didYouMean, now, sleep } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { type CallFailure, StreamFailure } from "../wire/index.ts";
import { CommandError, exitCodeOfCode, exitCodes, usageError } from "./exit-code.ts";
import { addProjectFlags, addSettingFlags, type ProjectFlags } from "./project.ts";
import { withNode } from "./reach.ts";
import { print } from "./terminal.ts";

/** How long the command waits to hear from a Distributor, and for the contract it needs, in ms. */
const introductionMsMax = 3_000;
const lookAgainMs = 10;

/** `dure call`: one call into a running mesh. */
export function defineCall(program: Command): void {
  const command = program
    .command("call")
    .description("call an operation of the running mesh and print its answer")
    .argument("<operation>", "service and operation, such as products.get")
    .argument("[input]", "the input as JSON", "")
    .option("--deadline-ms <ms>", "time for the call, in ms", millisecondsOf, 5_000)
    .option("--subject <id>", "make the call for this principal")
    .option("--scopes <list>", "scopes of the principal, separated by commas", "")
    .option("--idempotency-key <key>", "key of the call, where the operation asks for one");
  addProjectFlags(addSettingFlags(command, ["distributors"]))
    .addHelpText("after", examples)
    .action(call);
}

interface CallFlags extends ProjectFlags {
  readonly deadlineMs: number;
  readonly subject?: string;
  readonly scopes: string;
  readonly idempotencyKey?: string;
}

async function call(target: string, input: string, flags: CallFlags): Promise<void> {
  const [service = "", operation = "", ...rest] = target.split(".");
  if (!service || !operation || rest.length > 0) {
    throw usageError(
      `"${target}" names no operation; write service.operation, such as products.get`,
    );
  }
  checkJson(input);
  await withNode(flags, async (node) => {
    const { hash, description } = await findOperation(node, service, operation);
    const { subject, scopes, deadlineMs, idempotencyKey } = flags;
    const principal =
      subject &&
      node.vouching.sign(JSON.stringify({ subject, scopes: scopes.split(",").filter(Boolean) }));
    const request = {
      ref: { service, operation, contractHash: hash },
      body: input,
      isIdempotent: description.isIdempotent,
      head: { deadlineMs, principal, idempotencyKey },
    };
    if (description.kind === "stream") return await printItems(node.openStream(request));
    const outcome = await node.call(request).outcome;
    if (!outcome.ok) throw failed(outcome.failure);
    return await printBody(outcome.response.body);
  });
}

interface FoundOperation {
  readonly hash: string;
  readonly description: OperationDescription;
}

/** Looks the operation up in the contracts that the mesh offers now. */
async function findOperation(
  node: MeshNode,
  service: string,
  operation: string,
): Promise<FoundOperation> {
  const { registry } = node;
  await patiently(() => registry.isSynced() || undefined);
  const services = registry.services();
  if (!services.includes(service)) {
    throw usageError(`there is no service "${service}" in the mesh${hint(service, services)}`);
  }
  const found = await patiently(() => {
    const hash = registry.instancesOf(service)[0]?.service.contractHash;
    const contract = hash === undefined ? undefined : node.contractOf(hash);
    return hash !== undefined && contract ? { hash, contract } : undefined;
  });
  if (!found) {
    throw new CommandError(
      `no instance of ${service} can be reached now; see: dure ps, dure nodes`,
      exitCodes.nobodyThere,
    );
  }
  const { operations } = found.contract;
  const description = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (!description) {
    const known = Object.keys(operations);
    throw usageError(`${service} has no operation "${operation}"${hint(operation, known)}`);
  }
  if (description.kind === "raw") {
    throw usageError(`${service}.${operation} takes an HTTP request; call it through the gateway`);
  }
  if (description.hasInputStream) {
    throw usageError(`${service}.${operation} takes a stream; send it lines through the gateway`);
  }
  return { hash: found.hash, description };
}

async function patiently<Value>(look: () => Value | undefined): Promise<Value | undefined> {
  const giveUpAt = now() + introductionMsMax;
  for (;;) {
    const found = look();
    if (found !== undefined || now() > giveUpAt) return found;
    await sleep(lookAgainMs);
  }
}

function checkJson(input: string): void {
  if (input === "") return;
  try {
    JSON.parse(input);
  } catch (thrown) {
    throw usageError(`the input is not JSON (${asError(thrown).message}): ${input}`);
  }
}

/** One a line, as they come. */
async function printItems(messages: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const message of messages) await print(Buffer.from(message).toString());
  } catch (thrown) {
    throw thrown instanceof StreamFailure ? failed(thrown.failure) : thrown;
  }
}

function failed({ code, message, data, isDeclared }: CallFailure): CommandError {
  const lines = [`${code}  ${message}`, ...(isDeclared && data ? [data] : [])];
  return new CommandError(lines.join("\n"), exitCodeOfCode(code));
}

function printBody(body: Uint8Array): Promise<void> {
  if (body.length === 0) return Promise.resolve();
  return print(JSON.stringify(JSON.parse(Buffer.from(body).toString()), null, 2));
}

function hint(word: string, known: readonly string[]): string {
  const meant = didYouMean(word, known);
  if (meant) return ` (did you mean "${meant}"?)`;
  return known.length > 0 ? ` (there is: ${[...known].sort().join(", ")})` : "";
}

function millisecondsOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) <= 600_000) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of ms from 1 to 600000.");
}

const examples = `
Examples:
  $ dure call products.get '{"id":7}'
  $ dure call products.get '{"id":7}' --join 10.0.0.1:9100
  $ dure call products.add '{"name":"Tea","price":300}' --subject admin --scopes products:write

The answer goes to standard output as JSON, a stream one item a line, an error to standard error.`;
